"""The form for a secret: what is typed goes to the vault, and only the name goes back to the conversation."""

from playwright.async_api import expect

from rules.integration_spec import SecretDraft
from tests.console.conftest import Console, Open
from tests.serving import Api

VALUE = "planted-value"


async def ask_for(console: Console, name: str = "erp_token") -> None:
    await console.say(f"set the secret {name}")
    await console.dialog().wait_for()


async def test_value_goes_to_the_vault_and_only_the_name_to_the_chat(console: Console, api: Api) -> None:
    bodies: list[tuple[str, str]] = []
    console.page.on("request", lambda request: bodies.append((request.url, request.post_data or "")))
    await ask_for(console)
    dialog = console.dialog()
    await expect(dialog.get_by_label("Name")).to_have_value("erp_token")
    await expect(dialog.get_by_label("Name")).not_to_be_editable()
    value = dialog.get_by_label("Value")
    await expect(value).to_be_focused()
    await expect(value).to_have_attribute("type", "password")
    await expect(value).to_have_attribute("autocomplete", "off")
    await value.fill(VALUE)
    await dialog.get_by_label("May be sent to").fill("erp.example.com\n*.example.org")
    await dialog.get_by_role("button", name="Save secret").click()
    await expect(console.page.locator(".turn").last).to_contain_text("The secret erp_token is stored")
    [stored] = (await api.get("/v1/secrets"))["items"]
    assert (stored["name"], stored["hosts"]) == ("erp_token", ["*.example.org", "erp.example.com"])
    assert [url.rpartition("/v1/")[2] for url, body in bodies if VALUE in body] == ["secrets/erp_token"]
    assert VALUE not in await console.page.content()
    assert VALUE not in str(await api.get("/v1/chat"))


async def test_form_says_at_each_field_what_is_missing_or_wrong(console: Console, api: Api) -> None:
    console.expected_statuses.add(422)
    await ask_for(console)
    dialog = console.dialog()
    save = dialog.get_by_role("button", name="Save secret")
    await save.click()
    await expect(dialog.locator("[data-field=value] .field-error")).to_contain_text("Type the value")
    await dialog.get_by_label("Value").fill(VALUE)
    await save.click()
    await expect(dialog.locator("[data-field=hosts] .field-error")).to_contain_text("at least one host")
    await dialog.get_by_label("May be sent to").fill("https://erp.example.com/")
    await save.click()
    await expect(dialog.locator("[data-field=hosts] .field-error")).to_contain_text("without scheme and path")
    assert (await api.get("/v1/secrets"))["items"] == []


async def test_replacing_shows_the_present_hosts_and_closing_changes_nothing(open_console: Open, api: Api) -> None:
    draft = SecretDraft(value=VALUE, hosts=["erp.example.com"])
    await api.platform.vault.put(api.platform.workspace_id, "erp_token", draft)
    console = await open_console(390, 800)
    await console.page.get_by_role("button", name="Assistant", exact=True).click()
    await ask_for(console)
    dialog = console.dialog()
    await expect(dialog.get_by_label("May be sent to")).to_have_value("erp.example.com")
    await expect(dialog.get_by_role("button", name="Replace secret")).to_be_in_viewport(ratio=1)
    assert await dialog.evaluate("(one) => one.scrollWidth <= one.clientWidth")
    await dialog.get_by_label("Value").fill("never saved")
    await dialog.get_by_role("button", name="Cancel").click()
    await expect(console.page.locator(".turn").last).to_contain_text("closed without saving")
    [secret] = await api.platform.vault.open(api.platform.workspace_id, ["erp_token"])
    assert secret.value == VALUE
