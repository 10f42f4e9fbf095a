"""Serves a model in GGUF on localhost as OpenAI's API does, by whichever of the two
packages is installed:

    python serve.py MODEL PORT
"""
import importlib.util, os, sys, time

model, port = sys.argv[1:]
if importlib.util.find_spec("llama_cpp"):
    os.execv(sys.executable, [sys.executable, "-m", "llama_cpp.server", "--model", model, "--host", "127.0.0.1",
                              "--port", port, "--n_ctx", "2048", "--n_threads", "2"])

import xllamacpp

params = xllamacpp.CommonParams()
params.model.path = model
params.hostnames = ["127.0.0.1"]
params.port = int(port)
params.n_ctx = 8192  # of all four together
params.n_parallel = 4
params.cpuparams.n_threads = 2
server = xllamacpp.Server(params)
print("listening at", server.listening_address, flush=True)
while True:
    time.sleep(60)
