import subprocess
import sys

ASSISTANT = ("agent", "tools", "langchain", "langchain_core", "langchain_openai", "langgraph", "langsmith", "openai")
SLOW_PARSER = ("rfc3987_syntax", "lark")
WEB = ("fastapi", "starlette", "uvicorn")


def loaded(code: str, names: tuple[str, ...]) -> list[str]:
    """Run code in a process of its own and tell which of the packages it has loaded."""
    ask = f"{code}; import sys; print(*sorted({set(names)} & {{name.partition('.')[0] for name in sys.modules}}))"
    ran = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True, timeout=60)
    return ran.stdout.split()


def test_a_worker_loads_neither_an_assistant_nor_a_web_framework():
    code = "import server.cli, server.commands.working"
    assert loaded(code, (*ASSISTANT, *WEB, *SLOW_PARSER)) == []


def test_a_worker_with_a_port_for_metrics_loads_no_assistant():
    code = "import server.commands.working, server.metrics_port"
    assert loaded(code, (*ASSISTANT, *SLOW_PARSER)) == []


def test_a_server_listens_before_the_language_model_is_loaded():
    frameworks = tuple(name for name in ASSISTANT if name not in {"agent", "tools"})
    assert loaded("import server.cli, server.commands.serving", (*frameworks, *SLOW_PARSER)) == []
    assert loaded("import server.commands.serving", ("agent", "tools")) == ["agent", "tools"]
