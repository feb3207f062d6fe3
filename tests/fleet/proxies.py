"""The example files for nginx and haproxy, run as they are but for the ports."""

import os
import re
import signal
import socket
import subprocess
import time
from pathlib import Path

from tests.valkey import free_port

EXAMPLES = Path(__file__).parents[2] / "examples"
PORTS = {8000, 8001, 8002, 8003}
"""Those in the files: the proxy's own, and its three replicas'."""

_NGINX = """\
{user}
daemon off;
pid {folder}/pid;
error_log {folder}/error.log;
worker_processes 2;
events {{ worker_connections 4096; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/fairmark.conf;
}}
"""
"""What Debian's /etc/nginx/nginx.conf does, in a folder of ours."""


class Proxy:
    """A proxy process before the replicas on these ports."""

    def __init__(self, command: list[str], port: int) -> None:
        self.port, self.url = port, f"http://127.0.0.1:{port}"
        self._process = subprocess.Popen(command)
        deadline = time.monotonic() + 10
        while not _listens(port):
            assert self._process.poll() is None, "the proxy ended"
            assert time.monotonic() < deadline, "the proxy doesn't listen"
            time.sleep(0.01)

    def close(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(10)


def nginx(folder: Path, ports: list[int]) -> Proxy:
    """Debian's nginx as /etc/nginx/conf.d has it do."""
    port = free_port()
    (folder / "fairmark.conf").write_text(_example("nginx/fairmark.conf", port, ports))
    user = "user root;" if os.geteuid() == 0 else ""  # else its workers couldn't read the folder
    (folder / "nginx.conf").write_text(_NGINX.format(user=user, folder=folder))
    return Proxy(["nginx", "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(folder / "nginx.conf")], port)


def haproxy(folder: Path, ports: list[int]) -> Proxy:
    """Debian's haproxy."""
    port = free_port()
    (folder / "haproxy.cfg").write_text(_example("haproxy/haproxy.cfg", port, ports))
    return Proxy(["haproxy", "-db", "-f", str(folder / "haproxy.cfg")], port)


def _example(name: str, port: int, ports: list[int]) -> str:
    """An example file with other ports; every address in it is one of those we know."""
    text = (EXAMPLES / name).read_text()
    given = dict(zip(sorted(PORTS), [port, *ports], strict=True))
    assert {int(found) for found in re.findall(r"127\.0\.0\.1:(\d+)", text)} == PORTS
    return re.sub(r"127\.0\.0\.1:(\d+)", lambda found: f"127.0.0.1:{given[int(found[1])]}", text)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
