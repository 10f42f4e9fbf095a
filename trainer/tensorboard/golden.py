"""Makes testdata/golden.tfevents with TensorBoard's own protocol buffers and record
writer, and checks that its reader finds the scalars in it.

    python3 golden.py          (tensorboard 2.21)
    python3 golden.py FILE     prints what TensorBoard reads in a file
"""
import os, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator, SCALARS
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

# Of each step: wall time, step, values in the order of their tags.
events = [
    (1700000000.25, 1, {"dev/ndcg10": 0.5, "train/loss": 3.25}),
    (1700000001.5, 2, {"train/loss": -1e-7}),
    (1700000002.0, 300, {"train/loss": 0.1, "train/" + "x" * 150: 7e8}),
    (1700000003.0, 1 << 40, {"train/loss": 0.0}),
    (1700000004.0, 0, {"b": 1.0}),
]


def scalars(path):
    a = EventAccumulator(path, size_guidance={SCALARS: 0}, purge_orphaned_data=False)
    a.Reload()
    return {tag: [(s.wall_time, s.step, s.value) for s in a.Scalars(tag)] for tag in a.Tags()["scalars"]}


if len(sys.argv) > 1:
    for tag, list in sorted(scalars(sys.argv[1]).items()):
        print(tag, len(list), "first", list[0], "last", list[-1], "steps once" if len({s for _, s, _ in list}) == len(list) else "STEPS TWICE")
    sys.exit()

path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "testdata", "golden.tfevents")
with open(path, "wb") as f:
    w = RecordWriter(f)
    w.write(Event(wall_time=1700000000.0, file_version="brain.Event:2").SerializeToString())
    for wall, step, values in events:
        summary = Summary(value=[Summary.Value(tag=k, simple_value=v) for k, v in values.items()])
        w.write(Event(wall_time=wall, step=step, summary=summary).SerializeToString())
    w.flush()

want = {}
for wall, step, values in events:
    for tag, v in values.items():
        want.setdefault(tag, []).append((wall, step, v))
for tag, list in scalars(path).items():
    for got, wanted in zip(list, want.pop(tag), strict=True):
        assert got[:2] == wanted[:2] and abs(got[2] - wanted[2]) <= 1e-7 * abs(wanted[2]), (tag, got, wanted)
assert not want, want
