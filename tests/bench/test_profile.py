from bench.profile import OTHER, by_layer

A, B, HELPER, DEEPER, ROOT = (("f.py", n, name) for n, name in enumerate("abhdr"))
LAYERS = {A: "a", B: "b"}


def called(own, whole, **callers):
    """Return what pstats tells of a function; of callers what it took for each."""
    names = {"a": A, "b": B, "helper": HELPER, "deeper": DEEPER}
    return 1, 1, own, whole, {names[name]: (1, 1, took, took) for name, took in callers.items()}


def test_time_of_what_has_no_layer_is_of_the_layers_that_call_it():
    stats = {
        A: called(1.0, 4.0),
        B: called(2.0, 3.0),
        HELPER: called(2.0, 4.0, a=3.0, b=1.0),
        DEEPER: called(2.0, 2.0, helper=2.0),
    }
    assert by_layer(stats, LAYERS.get) == {"a": 4.0, "b": 3.0}


def test_what_only_calls_itself_is_of_no_layer():
    stats = {HELPER: called(1.0, 2.0, deeper=1.0), DEEPER: called(1.0, 2.0, helper=1.0)}
    assert by_layer(stats, LAYERS.get) == {OTHER: 2.0}
