"""Elements wrapped around what a React file renders."""

from __future__ import annotations

import pytest

from tests.laws import check, check_keeps, check_refuses
from wizard.codemods.js.jsx import (
    handed_to,
    layout_children,
    page_component,
    rendered_root,
    returned_element,
    the_element,
    wrap_jsx,
)

OPEN, CLOSE = "<PostHogProvider client={posthog}>", "</PostHogProvider>"
BROKEN = f"render(\n  {OPEN}\n    <App />\n  {CLOSE},\n)"
"""`render(<App />)` with the provider, as prettier writes it."""
ROOT = wrap_jsx(OPEN, CLOSE, rendered_root)
LAYOUT = wrap_jsx("<Providers>", "</Providers>", layout_children)
PAGE = wrap_jsx(OPEN, CLOSE, page_component)

ROOTS = {
    "comments_between_tokens": (
        "createRoot /* a */ (el) /* b */ . /* c */ render(<App />)\n",
        f"createRoot /* a */ (el) /* b */ . /* c */ {BROKEN}\n",
    ),
    "ampersands_close_by": (
        'createRoot(el).render(\n  <App a="/?b=1&c=2&d">Q & A</App>\n)\n',
        f'createRoot(el).render(\n  {OPEN}\n  <App a="/?b=1&c=2&d">Q & A</App>\n  {CLOSE}\n)\n',
    ),
    "vite_template": (
        "createRoot(document.getElementById('root')!).render(\n  <StrictMode>\n    <App />\n  </StrictMode>,\n)\n",
        "createRoot(document.getElementById('root')!).render(\n  <StrictMode>\n"
        f"    {OPEN}\n    <App />\n    {CLOSE}\n  </StrictMode>,\n)\n",
    ),
    "no_strict_mode": (
        "ReactDOM.createRoot(el).render(\n\t<Router>\n\t\t<App />\n\t</Router>\n);\n",
        f"ReactDOM.createRoot(el).render(\n\t{OPEN}\n\t<Router>\n\t\t<App />\n\t</Router>\n\t{CLOSE}\n);\n",
    ),
    "comma_behind": (
        "createRoot(el).render(\n  <App />,\n)\n",
        f"createRoot(el).render(\n  {OPEN}\n  <App />\n  {CLOSE},\n)\n",
    ),
    "root_in_variable": (
        "const root = ReactDOM.createRoot(el)\nroot.render(<App />)\n",
        f"const root = ReactDOM.createRoot(el)\nroot.{BROKEN}\n",
    ),
    "inline_strict_mode": (
        "createRoot(el).render(<React.StrictMode><App /></React.StrictMode>)\n",
        f"createRoot(el).render(<React.StrictMode>{OPEN}<App />{CLOSE}</React.StrictMode>)\n",
    ),
    "strict_mode_with_comment": (
        "createRoot(el).render(\n  <StrictMode>\n    {/* why */}\n    <App />\n  </StrictMode>\n)\n",
        f"createRoot(el).render(\n  <StrictMode>\n    {{/* why */}}\n    {OPEN}\n    <App />\n    {CLOSE}\n"
        f"  </StrictMode>\n)\n",
    ),
    "hydrate_root": (
        "startTransition(() => {\n  hydrateRoot(\n    document,\n    <StrictMode>\n      <HydratedRouter />\n"
        "    </StrictMode>,\n  )\n})\n",
        "startTransition(() => {\n  hydrateRoot(\n    document,\n    <StrictMode>\n"
        f"      {OPEN}\n      <HydratedRouter />\n      {CLOSE}\n    </StrictMode>,\n  )\n}})\n",
    ),
    "react_17": ("ReactDOM.render(<App />, el)\n", f"ReactDOM.render({OPEN}<App />{CLOSE}, el)\n"),
    "react_17_named": (
        "import { render } from 'react-dom'\nrender(<App />, el)\n",
        f"import {{ render }} from 'react-dom'\nrender({OPEN}<App />{CLOSE}, el)\n",
    ),
    "fragment": (
        "createRoot(el).render(<><A /><B /></>)\n",
        f"createRoot(el).{BROKEN.replace('<App />', '<><A /><B /></>')}\n",
    ),
    "variable": (
        "const app = <App />\ncreateRoot(el).render(app)\n",
        f"const app = <App />\ncreateRoot(el).render({OPEN}{{app}}{CLOSE})\n",
    ),
    "ternary": (
        "createRoot(el).render(b ? <A /> : <B />)\n",
        f"createRoot(el).render({OPEN}{{b ? <A /> : <B />}}{CLOSE})\n",
    ),
    "call": (
        "createRoot(el).render(withTheme(<App />))\n",
        f"createRoot(el).render({OPEN}{{withTheme(<App />)}}{CLOSE})\n",
    ),
    "several_elements_in_strict_mode": (
        "createRoot(el).render(\n  <StrictMode>\n    <App />\n    <Toaster />\n  </StrictMode>\n)\n",
        f"createRoot(el).render(\n  {OPEN}\n  <StrictMode>\n    <App />\n    <Toaster />\n"
        f"  </StrictMode>\n  {CLOSE}\n)\n",
    ),
    "root_assigned_later": (
        "let root: Root | undefined\nfunction mount(el) {\n  root ??= null\n  root = createRoot(el)\n"
        "  root.render(<A />)\n}\n",
        "let root: Root | undefined\nfunction mount(el) {\n  root ??= null\n  root = createRoot(el)\n"
        f"  root.render(\n    {OPEN}\n      <A />\n    {CLOSE},\n  )\n}}\n",
    ),
    "other_render_calls": (
        "engine.render(<Scene />)\nconst root = createRoot(el)\nroot?.render(<App />)\n",
        f"engine.render(<Scene />)\nconst root = createRoot(el)\nroot?.{BROKEN}\n",
    ),
    "multi_line_element_inside_a_line": (
        "root.render(<App\n  a={1}\n/>)\nconst root = createRoot(el)\n",
        f"root.render({OPEN}<App\n  a={{1}}\n/>{CLOSE})\nconst root = createRoot(el)\n",
    ),
}


@pytest.mark.parametrize(("before", "after"), ROOTS.values(), ids=ROOTS)
def test_rendered_root(before: str, after: str) -> None:
    check(ROOT, before, after)


LAYOUTS = {
    "create_next_app": (
        "return (\n  <html>\n    <body\n      className={`a`}\n    >\n      {children}\n    </body>\n  </html>\n)\n",
        "return (\n  <html>\n    <body\n      className={`a`}\n    >\n      <Providers>{children}</Providers>\n"
        "    </body>\n  </html>\n)\n",
    ),
    "inline": ("x = <body>{children}</body>\n", "x = <body><Providers>{children}</Providers></body>\n"),
    "among_others": (
        "x = (\n  <body>\n    <Nav />\n    <Theme>{props.children}</Theme>\n  </body>\n)\n",
        "x = (\n  <body>\n    <Nav />\n    <Theme>\n"
        "      <Providers>{props.children}</Providers>\n    </Theme>\n  </body>\n)\n",
    ),
    "body_component": (
        "f(<html>\n  <Body>{children}</Body>\n</html>)\n",
        "f(<html>\n  <Body>\n    <Providers>{children}</Providers>\n  </Body>\n</html>)\n",
    ),
    "two_bodies": (
        "if (a) return <html><body>down</body></html>\nreturn <html><body>{children}{modal}</body></html>\n",
        "if (a) return <html><body>down</body></html>\n"
        "return <html><body><Providers>{children}</Providers>{modal}</body></html>\n",
    ),
}


@pytest.mark.parametrize(("before", "after"), LAYOUTS.values(), ids=LAYOUTS)
def test_layout_children(before: str, after: str) -> None:
    check(LAYOUT, before, after)


PAGES = {
    "return_in_one_line": (
        "export default function App({ Component, pageProps }) {\n  return <Component {...pageProps} />\n}\n",
        f"export default function App({{ Component, pageProps }}) {{\n"
        f"  return {OPEN}<Component {{...pageProps}} />{CLOSE}\n}}\n",
    ),
    "own_line": (
        "const x = (\n  <Layout>\n    <Component {...pageProps} />\n  </Layout>\n)\n",
        f"const x = (\n  <Layout>\n    {OPEN}\n    <Component {{...pageProps}} />\n    {CLOSE}\n  </Layout>\n)\n",
    ),
}


@pytest.mark.parametrize(("before", "after"), PAGES.values(), ids=PAGES)
def test_page_component(before: str, after: str) -> None:
    check(PAGE, before, after)


@pytest.mark.parametrize(
    "text",
    [
        "createRoot(el).render(<PostHogProvider client={ph}><App /></PostHogProvider>)\n",
        "const App = () => <PostHogProvider><X /></PostHogProvider>\ncreateRoot(el).render(<App />)\n",
    ],
)
def test_keeps(text: str) -> None:
    check_keeps(ROOT, text)


REFUSES = {
    "nested_too_deeply": ("createRoot(a).render(" + "<A>" * 2000 + "</A>" * 2000 + ")\n", "", None),
    "no_root": ("export const a = <App />\n", "no React root", None),
    "test_render": ("import { render } from '@testing-library/react'\nrender(<App />)\n", "no React root", None),
    "commented": ("// createRoot(el).render(<App />)\n", "no React root", None),
    "two_roots": ("createRoot(a).render(<A />)\ncreateRoot(b).render(<B />)\n", "2 React roots", 2),
    "function": ("const a = <A />\ncreateRoot(a).render(() => a)\n", "an arrow function", 2),
    "call": ("createRoot(a).render(makeApp())\n", "a call expression", 1),
    "variable_without_jsx": ("createRoot(a).render(element)\n", "an identifier", 1),
    "broken_jsx": ("createRoot(a).render(<A><B></A>)\n", "", None),
}


@pytest.mark.parametrize(("text", "reason", "line"), REFUSES.values(), ids=REFUSES)
def test_root_refuses(text: str, reason: str, line: int | None) -> None:
    check_refuses(ROOT, text, reason, line)


def test_an_element_that_is_handed_to_a_function() -> None:
    handed = wrap_jsx(OPEN, CLOSE, handed_to("mount"))
    before = "import { mount } from '@acme/shell'\nother(<B />)\nmount(<App />, el)\n"
    check(handed, before, before.replace("<App />", f"{OPEN}<App />{CLOSE}"))
    check_refuses(handed, "start({ routes })\n", "hands no element")
    check_refuses(handed, "mount(app)\n", "hands no element")
    check_refuses(handed, "if (a) mount(<A />)\nelse mount(<B />)\n", "hands no element")
    check_refuses(wrap_jsx(OPEN, CLOSE, handed_to()), "mount(<A />)\n", "hands no element")


def test_named_elements_and_returned_ones() -> None:
    outlet = wrap_jsx(OPEN, CLOSE, the_element("Outlet"))
    check(
        outlet,
        "x = (\n  <Body>\n    <Outlet />\n  </Body>\n)\n",
        f"x = (\n  <Body>\n    {OPEN}\n    <Outlet />\n    {CLOSE}\n  </Body>\n)\n",
    )
    check_refuses(outlet, "x = <Stack />\n", "<Outlet> 0 times")
    component = wrap_jsx(OPEN, CLOSE, returned_element)
    before = "function App() {\n  return <Stack />\n}\nexport default memo(App)\n"
    check(component, before, before.replace("<Stack />", f"{OPEN}<Stack />{CLOSE}"))
    check(component, "export default () => <A />\n", f"export default () => {OPEN}<A />{CLOSE}\n")
    check_refuses(component, "export default () => {\n  if (a) return null\n  return <A />\n}\n", "2 returns", 1)
    check_refuses(component, "export default class extends C {}\n", "needs a function", 1)
    check_refuses(component, "export const A = () => <A />\n", "no single default export")
    broken = 'await \nexport { default } from "@acme/sheexport default function (() {}ll/layout";\n'
    check_refuses(component, broken, "no single default export")


def test_layout_and_page_refuse() -> None:
    check_refuses(LAYOUT, "export default ({ children }) => children\n", "no <body>")
    check_refuses(LAYOUT, "x = <body><Main /></body>\n", "0 times")
    check_refuses(LAYOUT, "x = <body>{children}{children}</body>\n", "2 times", 1)
    check_refuses(LAYOUT, "f(<Document>\n<Body>{children}</Body></Document>)\n", "no <body>", 2)
    check_refuses(LAYOUT, "x = <body>\n{a ? <B>{children}</B> : children}</body>\n", "several places", 1)
    check_refuses(LAYOUT, "x = <body>{children}</body>\ny = <body>{a && children}</body>\n", "several places", 2)
    check_refuses(LAYOUT, "x = <body><A slot={children} /></body>\n", "0 times", 1)
    check_refuses(PAGE, "const a = { Component }\n", "0 times")
    check_refuses(PAGE, "x = <Component />\ny = <Component />\n", "2 times")


SEVERAL = {
    "a call's only argument": (
        "\tcreateRoot(el).render(<A />);\n",
        "\tcreateRoot(el).render(\n\t\t<P>\n\t\t\t<Q>\n\t\t\t\t<A />\n\t\t\t</Q>\n\t\t</P>,\n\t);\n",
    ),
    "lines of its own": (
        "createRoot(el).render(\n  <A />,\n);\n",
        "createRoot(el).render(\n  <P>\n  <Q>\n  <A />\n  </Q>\n  </P>,\n);\n",
    ),
    "one of two arguments": ("ReactDOM.render(<A />, el);\n", "ReactDOM.render(<P><Q><A /></Q></P>, el);\n"),
    "a comment beside it": (
        "createRoot(el).render(/* all */ <A />);\n",
        "createRoot(el).render(/* all */ <P><Q><A /></Q></P>);\n",
    ),
}


@pytest.mark.parametrize("case", SEVERAL)
def test_several_tags_are_nested(case: str) -> None:
    before, after = SEVERAL[case]
    check(wrap_jsx("<P>\n<Q>", "</Q>\n</P>", rendered_root), before, after)
