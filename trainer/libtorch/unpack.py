"""Unpacks from the wheels of a folder what Go needs of torch: its headers and the
libraries of the CPU, and beside them the CUDA libraries that those are linked to.

    python3 unpack.py WHEELS OUT
"""
import os, re, shutil, sys, zipfile

WANTED = re.compile(
    r"torch/(include/.*|lib/lib(torch_cpu|c10)\.so|lib/lib(gomp|arm_compute|openblas|gfortran)[^/]*"
    r"|_?version\.py)$|torch\.libs/.*|torch-.*/(LICENSE|NOTICE)$|nvidia/[a-z_]*/lib/lib(cupti|cudart)\.so\.\d+$")

wheels, out = sys.argv[1:]
shutil.rmtree(out, ignore_errors=True)
for wheel in sorted(os.listdir(wheels)):
    if not wheel.endswith(".whl"):
        continue
    with zipfile.ZipFile(os.path.join(wheels, wheel)) as z:
        for name in z.namelist():
            if name.endswith("/") or not WANTED.match(name):
                continue
            if name.startswith("torch/"):
                to = name[len("torch/"):]
            elif name.startswith("torch.libs/"):
                to = "../" + name  # aarch64: libtorch_cpu.so looks there
            elif "/lib/" in name:
                to = "lib/" + os.path.basename(name)
            else:
                to = os.path.basename(name)
            to = os.path.join(out, to)
            os.makedirs(os.path.dirname(to), exist_ok=True)
            with z.open(name) as src, open(to, "wb") as dst:
                shutil.copyfileobj(src, dst, 1 << 20)
