"""Inbound mail: ways in, loop guard, commands, replies, bounces."""
