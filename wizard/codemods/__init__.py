"""Codemods: pure functions from text to text, one package per language."""
