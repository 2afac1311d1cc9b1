"""Questions to a person. The only module that imports questionary; never called without a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from wizard.errors import Interrupted, WizardError


def _ask(question: Any) -> Any:
    try:
        return question.unsafe_ask()
    except (KeyboardInterrupt, EOFError) as error:
        raise Interrupted from error


def _output() -> Any:
    from prompt_toolkit.output import create_output

    return create_output(stdout=sys.stderr)


def text(message: str, check: Callable[[str], object]) -> str:
    """A line of text; `check` raises WizardError for what cannot be taken, and its message is shown."""
    import questionary

    def validate(value: str) -> bool | str:
        try:
            check(value)
        except WizardError as error:
            return error.message
        return True

    return str(_ask(questionary.text(message, validate=validate, qmark="?", output=_output()))).strip()


def select(message: str, choices: Sequence[tuple[str, str]], default: str | None = None) -> str:
    """One of `choices`, given as `(value, title)`."""
    import questionary

    options = [questionary.Choice(title, value) for value, title in choices]
    chosen = next((o for o in options if o.value == default), None)
    question = questionary.select(
        message, options, default=chosen, qmark="?", pointer=">", instruction=" ", output=_output()
    )
    return str(_ask(question))


def checkbox(message: str, choices: Sequence[tuple[str, str, bool]], required: bool = False) -> list[str]:
    """Any of `choices`, given as `(value, title, checked)`."""
    import questionary

    options = [questionary.Choice(title, value, checked=checked) for value, title, checked in choices]

    def validate(chosen: list[str]) -> bool | str:
        return True if chosen or not required else "Choose at least one."

    question = questionary.checkbox(
        message, options, validate=validate, qmark="?", pointer=">", instruction=" ", output=_output()
    )
    return [str(v) for v in _ask(question)]


def confirm(message: str, default: bool = True) -> bool:
    """Yes or no."""
    import questionary

    return bool(_ask(questionary.confirm(message, default=default, qmark="?", output=_output())))


def key(message: str, keys: Mapping[str, str], default: str) -> str:
    """One of `keys`, each a single key with its meaning, taken as soon as it is pressed; enter takes `default`."""
    from prompt_toolkit import PromptSession
    from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

    bindings = KeyBindings()

    def answer(event: KeyPressEvent) -> None:
        pressed = event.key_sequence[-1].key
        chosen = default if pressed == "c-m" else pressed.lower()
        event.current_buffer.insert_text(chosen)
        event.app.exit(result=chosen)

    for one in ("enter", *keys, *(k.upper() for k in keys if k.isalpha())):
        bindings.add(one, eager=True)(answer)

    @bindings.add("<any>")
    def _(event: KeyPressEvent) -> None:
        """Any other key is no answer."""

    listing = ", ".join(f"{one} {meaning}" for one, meaning in keys.items() if one != "?")
    hint = f"[{','.join(keys)}]" if "?" in keys else f"({listing}; enter: {default})"
    session: PromptSession[str] = PromptSession(output=_output(), key_bindings=bindings)
    try:
        return session.prompt(f"? {message} {hint} ")
    except (KeyboardInterrupt, EOFError) as error:
        raise Interrupted from error
