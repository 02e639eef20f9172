"""Fuzzing: random inputs to what reads inputs of others. Whatever is not a located refusal is a fault."""
