"""Webhooks of one name: each question about which one is meant says what tells them apart."""

from trade import suggestions
from world import World, webhook


def twins(first: str, second: str) -> World:
    return World.of(
        webhook("wh_01abcdef0001", "Orders", url=first),
        webhook("wh_01abcdef0002", "Orders", url=second),
        webhook("wh_01abcdef0003", "Refunds", url="https://api.shop.example/refunds"),
    )


def asked(world: World) -> str:
    return world.say("disable Orders").text


def test_another_host_tells_them_apart():
    said = asked(twins("https://api.shop.example/in", "https://crm.example/in"))
    assert "1. “Orders” (api.shop.example); 2. “Orders” (crm.example)" in said


def test_another_port_tells_them_apart():
    said = asked(twins("http://127.0.0.1:9000/in", "http://127.0.0.1:9001/in"))
    assert "1. “Orders” (127.0.0.1:9000); 2. “Orders” (127.0.0.1:9001)" in said


def test_another_path_tells_them_apart():
    said = asked(twins("https://api.shop.example/orders", "https://api.shop.example/orders/v2"))
    assert "1. “Orders” (api.shop.example/orders); 2. “Orders” (api.shop.example/orders/v2)" in said


def test_the_end_of_the_id_tells_apart_what_goes_to_one_url():
    world = twins("https://api.shop.example/in", "https://api.shop.example/in")
    said = asked(world)
    assert "1. “Orders” (…0001); 2. “Orders” (…0002)" in said
    assert suggestions(world.say("2")) is not None
    assert world.acts == [("set_enabled", {"webhook_id": "wh_01abcdef0002", "enabled": False})]


def test_a_long_path_is_cut_where_it_differs_no_more():
    path = "x" * 80
    said = asked(twins(f"https://api.shop.example/a{path}", f"https://api.shop.example/b{path}"))
    assert "(api.shop.example/axx" in said
    assert "(api.shop.example/bxx" in said
    assert path not in said


def test_all_of_them_are_told_apart_before_they_are_changed_together():
    world = twins("https://api.shop.example/orders", "https://api.shop.example/orders/v2")
    answer = world.say("disable everything")
    said = answer.text
    assert "“Orders” (api.shop.example/orders), “Orders” (api.shop.example/orders/v2), “Refunds”." in said
    world.say(suggestions(answer)[0])
    assert [args["webhook_id"] for _, args in world.acts] == list(world.webhooks)


def test_a_name_beside_an_id_is_a_webhook_of_its_own():
    world = twins("https://api.shop.example/orders", "https://api.shop.example/orders/v2")
    world.say('disable wh_01abcdef0002 and "Refunds"')
    assert [args["webhook_id"] for _, args in world.acts] == ["wh_01abcdef0002", "wh_01abcdef0003"]


def test_a_text_beside_an_id_is_no_webhook():
    world = twins("https://api.shop.example/orders", "https://api.shop.example/orders/v2")
    world.say('set the description of wh_01abcdef0002 to "Refunds"')
    assert [args["webhook_id"] for _, args in world.acts] == ["wh_01abcdef0002"]
