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


def text(message: str, check: Callable[[str], object], hide: Callable[[str], bool] = lambda text: False) -> str:
    """A line of text; `check` raises WizardError for what cannot be taken, and its message is shown.

    What `hide` says yes to is a secret: it shows as stars from then on.
    """
    import questionary
    from prompt_toolkit.application import get_app
    from prompt_toolkit.filters import Condition
    from prompt_toolkit.layout.processors import ConditionalProcessor, PasswordProcessor

    secret = Condition(lambda: hide(get_app().current_buffer.text))

    def validate(value: str) -> bool | str:
        try:
            check(value)
        except WizardError as error:
            return error.message
        return True

    stars = [ConditionalProcessor(PasswordProcessor(), secret)]
    question = questionary.text(message, validate=validate, qmark="?", output=_output(), input_processors=stars)
    return str(_ask(question)).strip()


def password(message: str) -> str:
    """A line of text that is not shown while it is typed."""
    import questionary

    return str(_ask(questionary.password(message, qmark="?", output=_output()))).strip()


def select(message: str, choices: Sequence[tuple[str, str]], default: str | None = None, paste: bool = False) -> str:
    """One of `choices`, given as `(value, title)`; with `paste` also what is pasted over them."""
    import questionary

    options = [questionary.Choice(fitting(title, room=4), value) for value, title in choices]
    chosen = next((o for o in options if o.value == default), None)
    question: Any = questionary.select(
        message, options, default=chosen, qmark="?", pointer=">", instruction=" ", output=_output()
    )
    _end_of_input(question)
    if paste:
        # whoever has the answer in the clipboard need not choose first
        answer = question.application.key_bindings.add("<bracketed-paste>", eager=True)
        answer(lambda event: event.app.exit(result=event.data.strip()))
    return str(_ask(question))


def _end_of_input(question: Any) -> None:
    """Ctrl-D leaves the questions that take no text, too."""
    question.application.key_bindings.add("c-d", eager=True)(lambda event: event.app.exit(exception=EOFError))


def search(message: str, choices: Sequence[tuple[str, str]], rows: int = 10) -> str:
    """One of many `choices`, given as `(value, title)`: typing narrows them down to those with all words in them."""
    from prompt_toolkit.application import Application
    from prompt_toolkit.buffer import Buffer
    from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
    from prompt_toolkit.layout import BufferControl, FormattedTextControl, HSplit, Layout, Window
    from prompt_toolkit.layout.processors import BeforeInput

    place, folded = [0], [(value, title, title.casefold()) for value, title in choices]
    found = [folded]

    def narrow(buffer: Buffer) -> None:
        words = buffer.text.casefold().split()
        found[0], place[0] = [one for one in folded if all(word in one[2] for word in words)], 0

    def listing() -> str:
        if not found[0]:
            return "    nothing is called that"
        first = min(max(0, place[0] - rows // 2), max(0, len(found[0]) - rows))
        shown = found[0][first : first + rows]
        lines = [(" >  " if first + i == place[0] else "    ") + fitting(one[1], room=5) for i, one in enumerate(shown)]
        return "\n".join([*lines, f"    {place[0] + 1} of {len(found[0])}"] if len(found[0]) > rows else lines)

    query = Buffer(multiline=False, on_text_changed=narrow)
    keys = KeyBindings()

    @keys.add("up")
    @keys.add("c-p")
    @keys.add("down")
    @keys.add("c-n")
    @keys.add("pageup")
    @keys.add("pagedown")
    def move(event: KeyPressEvent) -> None:
        by = {"up": -1, "c-p": -1, "pageup": -rows, "pagedown": rows}.get(event.key_sequence[-1].key, 1)
        last = max(0, len(found[0]) - 1)
        # single steps go round, pages stop at the ends
        place[0] = (place[0] + by) % (last + 1) if abs(by) == 1 else min(max(0, place[0] + by), last)

    @keys.add("enter")
    def take(event: KeyPressEvent) -> None:
        if found[0]:
            event.app.exit(result=found[0][place[0]])

    @keys.add("c-c")
    @keys.add("c-d")
    def leave(event: KeyPressEvent) -> None:
        event.app.exit(exception=Interrupted)

    hint = " (type to search)" if len(choices) > rows else ""
    head = Window(FormattedTextControl(lambda: f"? {message}{hint}"), dont_extend_height=True, wrap_lines=True)
    line = Window(BufferControl(query, input_processors=[BeforeInput("  : ")]), height=1)
    body = HSplit([head, line, Window(FormattedTextControl(listing), dont_extend_height=True)])
    app: Application[tuple[str, str, str]] = Application(
        Layout(body, focused_element=query), key_bindings=keys, output=_output(), erase_when_done=True
    )
    value, title, _ = app.run()
    sys.stderr.write(f"? {message} {title}\n")
    return value


def fitting(*titles: str, room: int = 0) -> str:
    """The first of the titles, longest first, that has a place in the terminal beside `room` columns; else cut off."""
    columns = _output().get_size().columns - room
    return next((title for title in titles if len(title) <= columns), titles[-1][: max(columns, 10)])


def checkbox(message: str, choices: Sequence[tuple[str, str, bool]], required: bool = False) -> list[str]:
    """Any of `choices`, given as `(value, title, checked)`."""
    import questionary

    options = [questionary.Choice(title, value, checked=checked) for value, title, checked in choices]

    def validate(chosen: list[str]) -> bool | str:
        return True if chosen or not required else "Choose at least one."

    question = questionary.checkbox(
        message, options, validate=validate, qmark="?", pointer=">", instruction=" ", output=_output()
    )
    _end_of_input(question)
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
