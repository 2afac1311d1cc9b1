"""Codemods for JavaScript and TypeScript, with or without JSX: one module per concern."""
