from api.sockets.limits import MessageRate


def test_a_second_of_messages_at_once_then_a_steady_rate() -> None:
    time = 100.0
    rate = MessageRate(4, now=lambda: time)
    assert [rate.take() for _ in range(5)] == [True] * 4 + [False]
    time += 0.5
    assert [rate.take() for _ in range(3)] == [True, True, False]
    time += 60
    assert [rate.take() for _ in range(5)] == [True] * 4 + [False]
