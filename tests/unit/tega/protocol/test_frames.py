from concurrent.futures import ThreadPoolExecutor

from websockets.server import ServerProtocol

from tega.protocol.frames import Framed


def test_connections_of_two_threads_do_not_read_into_one_buffer() -> None:
    here, other = Framed(ServerProtocol()), Framed(ServerProtocol())
    with ThreadPoolExecutor(1) as elsewhere:
        far = elsewhere.submit(other.get_buffer, -1).result()
        assert far is elsewhere.submit(Framed(ServerProtocol()).get_buffer, -1).result()
    near = here.get_buffer(-1)
    far[:1], near[:1] = b"f", b"n"
    assert (bytes(far[:1]), bytes(near[:1])) == (b"f", b"n")
