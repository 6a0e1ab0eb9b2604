"""Ways out: the doors are on this machine, and whoever reaches one could reach any."""

# ruff: noqa: F821 - sources of cells, where the prelude has imported what they use

from attacks.attack import in_cell, knocked, word_seen


@in_cell(knocked)
def connect_tcp():
    with socket.create_connection(("127.0.0.1", here.tcp), timeout=1) as out:
        out.sendall(here.name.encode())


@in_cell(knocked)
def send_udp():
    with socket.socket(type=socket.SOCK_DGRAM) as out:
        out.sendto(here.name.encode(), ("127.0.0.1", here.udp))


@in_cell(knocked)
def connect_unix():
    with socket.socket(socket.AF_UNIX) as out:
        out.connect(here.door)
        out.sendall(here.name.encode())


@in_cell(knocked)
def connect_abstract():
    with socket.socket(socket.AF_UNIX) as out:
        out.connect("\0" + here.abstract)
        out.sendall(here.name.encode())


@in_cell(knocked)
def connect_by_a_shell():
    command = f"echo -n {here.name} > /dev/tcp/127.0.0.1/{here.tcp}"
    subprocess.run(["bash", "-c", command], check=True, capture_output=True)


@in_cell(knocked)
def ask_a_name_server():
    question = b"\x00\x01\x01\x00\x00\x01" + bytes(6) + here.name.encode()
    with socket.socket(type=socket.SOCK_DGRAM) as out:
        out.connect(("127.0.0.1", here.udp))
        out.send(question)


@in_cell(word_seen)
def wait_for_callers():
    with socket.create_server(("127.0.0.1", 0)):
        tell()


@in_cell(word_seen)
def ask_the_kernel_for_routes():
    socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)
    tell()
