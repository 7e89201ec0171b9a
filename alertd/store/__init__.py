"""Tables, engines, migrations, and one module of statements per noun."""
