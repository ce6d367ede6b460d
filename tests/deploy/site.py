"""All of deploy/, brought up: what runs where, and how a test speaks to it."""

import http.client
import os
import pwd
import signal
import socket
import ssl
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psycopg
import redis

from tests.deploy.machines import ROOT, Machines, status_of, wait_until
from tests.shipped.calls import pairs_of
from workhub.environment import new_environment

NODES = {"pg1": 21, "pg2": 22, "pg3": 23}
PASSWORD = "change-me"  # as in the files
HOST = "workhub.example.com"
# As many as front.cfg names: machine's number and port.
APPS = {"app1-8001": (11, "8001"), "app1-8002": (11, "8002"), "app2-8001": (12, "8001")}


class Site:
    """The installation as a whole."""

    def __init__(self, folder):
        self.machines = Machines(folder)
        self.front = self.machines.address(1)
        self.nginx = self.machines.address(2)

    # --- Bringing it up, in the order of what needs what --------------------------------------

    def start(self):
        self._start_etcd()
        self._start_postgresql()
        self._start_pooler()
        self.start_redis()
        self._prepare()
        for name in APPS:
            self._start_app(name)
        self.machines.start_unit("workhub-worker.service", "worker")
        self.machines.start_unit("workhub-clock.service", "clock")
        self._start_front()
        self._start_nginx()
        self.pairs = pairs_of(self)

    def _start_etcd(self):
        for name, number in NODES.items():
            self.start_etcd(name, number)
        for number in NODES.values():
            url = f"http://{self.machines.address(number)}:2379/health"
            wait_until(lambda url=url: status_of(url) == 200, 20, url)

    def start_etcd(self, name, number):
        own = self.machines.variables("etcd/etcd.env")
        # Of the list of all, nothing changes.
        own = {
            key: value if key.endswith("CLUSTER") else self._of_node(value, name, number)
            for key, value in own.items()
        }
        own["ETCD_DATA_DIR"] += f"-{name}"
        self.machines.start(f"etcd-{name}", ["/usr/bin/etcd"], environment=own)

    def _of_node(self, text, name, number):
        return text.replace(self.machines.address(21), self.machines.address(number)).replace(
            "pg1", name
        )

    def _start_postgresql(self):
        self.machines.file("postgresql/workhub.conf")
        self.start_node("pg1")
        wait_until(lambda: self.is_primary("pg1"), 60, "pg1 is the primary")
        for name in ("pg2", "pg3"):
            self.start_node(name)
        for name in ("pg2", "pg3"):
            wait_until(lambda name=name: self.is_replica(name), 60, f"{name} is a replica")
        wait_until(self.synchronous, 30, "a synchronous replica")
        with self.connect("postgres") as connection:
            connection.execute(f"CREATE ROLE workhub LOGIN PASSWORD '{PASSWORD}'")
            connection.execute("CREATE DATABASE workhub OWNER workhub")

    def start_node(self, name):
        number = NODES[name]
        own = self.machines.folder / "data" / name
        if not own.exists():
            own.mkdir()
            os.chown(own, *_ids("postgres"))
        text = self.machines.text("patroni/patroni.yml")
        # On one machine, what is below /var/lib and /run would be everybody's.
        for folder in ("data/workhub", "data/.pgpass"):
            text = text.replace(
                str(self.machines.folder / folder), f"{own}/{folder.partition('/')[2]}"
            )
        text = text.replace(f"directories: {self.machines.folder}/run/", f"directories: {own}")
        file = self.machines.file(f"{name}.yml", text)
        variables = {
            key: self._of_node(value, name, number)
            for key, value in self.machines.variables("patroni/patroni.env").items()
        }
        self.machines.start(
            f"patroni-{name}",
            ["/usr/bin/patroni", file],
            environment=variables,
            user="postgres",
            grace=30,
        )

    def _start_pooler(self):
        config = self.machines.file("haproxy/postgresql.cfg")
        self.machines.start("haproxy-postgresql", ["/usr/sbin/haproxy", "-db", "-f", config])
        self.machines.file("userlist.txt", f'"workhub" "{PASSWORD}"\n', 0o600, "postgres")
        config = self.machines.file("pgbouncer/pgbouncer.ini")
        self.machines.start("pgbouncer", ["/usr/sbin/pgbouncer", config], user="postgres")

    def start_redis(self):
        config = self.machines.file("redis/redis.conf")
        self.machines.start("redis", ["/usr/bin/redis-server", config])
        wait_until(self._redis_answers, 10, "Redis answers")

    def _redis_answers(self):
        with suppress(redis.RedisError):
            return self.redis("PING")

    def _prepare(self):
        text = self.machines.text(
            "workhub.env",
            **{
                "/var/lib/workhub/static": self.machines.folder / "data" / "static",
                "/var/lib/workhub/spool": self.machines.folder / "data" / "spool",
                "smtp+tls://user:password@mail.example.com:587": (
                    f"filemail:///{self.machines.folder}/data/mail"
                ),
            },
        )
        self.machines.file("workhub.env", text + "\n" + new_environment_secrets())
        wait_until(self._pooler_answers, 20, "the pooler leads to the primary")
        self.manage("migrate", "-v0")
        self.manage("collectstatic", "--no-input", "-v0")
        program = f"from apicalls.demo import demo_load; demo_load(password={PASSWORD * 2!r})"
        self.manage("shell", "-v0", "-c", program)

    def _pooler_answers(self):
        with suppress(psycopg.Error), self.pooled() as connection:
            return connection.execute("SELECT 1").fetchone()

    def _start_app(self, name):
        number, port = APPS[name]
        address = self.machines.address(number)
        self.machines.start_unit("workhub@.service", name, port, GRANIAN_HOST=address)
        url = f"http://{address}:{port}/readyz"
        wait_until(lambda: status_of(url) == 200, 60, url)

    def _start_front(self):
        certificate, key = (self.machines.folder / "etc" / name for name in ("crt", "key"))
        subprocess.run(
            [
                *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
                *("-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}"),
                *("-out", certificate, "-keyout", key),
            ],
            check=True,
            capture_output=True,
        )
        both = certificate.read_text() + key.read_text()
        for below in ("", "nginx"):
            self.machines.file("workhub.pem", both, 0o600, below=below)
        self.tls = ssl.create_default_context(cafile=certificate)
        config = self.machines.file("haproxy/front.cfg")
        self.machines.start("haproxy", ["/usr/sbin/haproxy", "-db", "-f", config], grace=3)
        wait_until(self._front_answers, 30, "HAProxy answers")

    def _front_answers(self):
        with suppress(OSError):
            return self.ask("GET", "/sign-in/").status == 200

    def _start_nginx(self):
        self.machines.file("nginx/workhub_proxy.conf", below="nginx")
        site = self.machines.file("nginx/workhub.conf", below="nginx")
        folder = self.machines.folder
        frame = self.machines.file(
            "nginx.conf",
            # As many connections as Debian's own nginx.conf has.
            f"pid {folder}/run/nginx.pid;\nevents {{ worker_connections 768; }}\n"
            f"http {{ include {site}; }}\n",
        )
        self.nginx_command = ["/usr/sbin/nginx", "-c", str(frame), "-e", f"{folder}/log/nginx"]
        self.machines.start("nginx", [*self.nginx_command, "-g", "daemon off;"])

    # --- Speaking to it ------------------------------------------------------------------------

    def manage(self, *arguments, database=None):
        own = {"DATABASE_URL": database} if database else {}
        environment = own | {
            "PATH": os.environ["PATH"],
            "DJANGO_SETTINGS_MODULE": "workhub.settings",
            "ENV_FILE": str(self.machines.folder / "etc" / "workhub.env"),
            "PYTHONUNBUFFERED": "1",
        }
        ran = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=180,
        )
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    def connection(self, address=None, timeout=30):
        """Return a connection to the proxy, as a program has one."""
        return _Connection(address or self.front, self.tls, timeout)

    def ask(self, method, path, headers=None, body=None, address=None):
        """Return the answer, read to its end, on a connection of its own."""
        connection = self.connection(address)
        try:
            connection.request(method, path, body, {"Host": HOST} | (headers or {}))
            answer = connection.getresponse()
            answer.text = answer.read().decode()
            return answer
        finally:
            connection.close()

    def app_processes(self):
        return [self.machines.units[name].process.pid for name in APPS]

    def authorization(self, document):
        key, secret = self.pairs[document]
        return {"Authorization": f"amx {key}:{secret}"}

    def redis(self, *command):
        client = redis.Redis(self.machines.address(31), db=1, password=PASSWORD)
        return client.execute_command(*command)

    # --- PostgreSQL ----------------------------------------------------------------------------

    def connect(self, database="workhub"):
        """Return a connection to the primary as its superuser."""
        return self.superuser(self.machines.address(NODES[self.primary()]), 5432, database)

    def superuser(self, host, port, database="workhub"):
        return psycopg.connect(
            f"host={host} port={port} user=postgres password={PASSWORD} dbname={database} "
            "connect_timeout=3",
            autocommit=True,
        )

    def pooled(self, timeout=10):
        """Return a connection as the application's, through PgBouncer."""
        host = self.machines.address(100)
        return psycopg.connect(
            f"host={host} port=6432 user=workhub password={PASSWORD} dbname=workhub "
            f"connect_timeout={timeout}",
            autocommit=True,
            prepare_threshold=None,
        )

    def _patroni(self, name, path):
        return status_of(f"http://{self.machines.address(NODES[name])}:8008{path}")

    def is_primary(self, name):
        return self._patroni(name, "/primary") == 200

    def is_replica(self, name):
        return self._patroni(name, "/replica") == 200

    def synchronous(self):
        return [name for name in NODES if self._patroni(name, "/synchronous") == 200]

    def primary(self):
        return wait_until(
            lambda: next((name for name in NODES if self.is_primary(name)), None), 60, "a primary"
        )

    def patronictl(self, *arguments):
        file = self.machines.folder / "etc" / "pg1.yml"
        variables = self.machines.variables("patroni/patroni.env")
        ran = subprocess.run(
            ["/usr/bin/patronictl", "-c", file, *arguments],
            env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8"} | variables,
            capture_output=True,
            text=True,
            timeout=60,
        )
        return ran.stdout + ran.stderr

    def kill_machine(self, name):
        """End all that runs on a machine of PostgreSQL at once, as a loss of power does."""
        postmaster = self._postmaster(name)
        children = _children(postmaster)
        self.machines.units[f"patroni-{name}"].kill()
        for pid in (postmaster, *children):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.machines.units[f"etcd-{name}"].kill()

    def _postmaster(self, name):
        file = self.machines.folder / "data" / name / "workhub" / "postmaster.pid"
        return int(file.read_text().splitlines()[0])

    def end(self):
        postmasters = []
        for name in NODES:
            with suppress(OSError, ValueError, IndexError):
                postmasters.append(self._postmaster(name))
        self.machines.end()
        for pid in postmasters:
            # Patroni stops its own; what it could not stop would outlive the test.
            if _is_postgres(pid):
                os.kill(pid, signal.SIGQUIT)
                deadline = time.monotonic() + 10
                while _is_postgres(pid) and time.monotonic() < deadline:
                    time.sleep(0.1)


class _Connection(http.client.HTTPSConnection):
    """Encrypted for HOST, at the address of a proxy."""

    def __init__(self, address, tls, timeout):
        super().__init__(HOST, 443, timeout=timeout, context=tls)
        self._address, self._tls = address, tls

    def connect(self):
        plain = socket.create_connection((self._address, 443), self.timeout, self.source_address)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = self._tls.wrap_socket(plain, server_hostname=HOST)


def new_environment_secrets():
    wanted = ("SECRET_KEY", "CREDENTIAL_PEPPERS", "CREDENTIAL_KEYS")
    lines = new_environment().splitlines()
    return "\n".join(line for line in lines if line.startswith(wanted)) + "\n"


def _ids(user):
    entry = pwd.getpwnam(user)
    return entry.pw_uid, entry.pw_gid


def _children(pid):
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _is_postgres(pid):
    with suppress(OSError):
        return "postgres" in Path(f"/proc/{pid}/cmdline").read_text()
    return False
