"""The command line: one verb a file, errors in one place (`shell`), output in another (`output`).

Verbs import what they need inside their functions, so that `alertd --version` stays quick.
"""
