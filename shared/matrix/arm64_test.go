//go:build !arm64

package matrix

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// The paths of arm64 give the same bits, where QEMU can run them: on a processor with all
// that there is, and on one without the dot product.
func TestArm64UnderQEMU(t *testing.T) {
	qemu, err := exec.LookPath("qemu-aarch64-static")
	if err != nil {
		if qemu, err = exec.LookPath("qemu-aarch64"); err != nil {
			t.Skip("QEMU is not installed (Debian 12: apt install qemu-user-static)")
		}
	}
	if testing.Short() {
		t.Skip("compiles the standard library for arm64")
	}
	program := filepath.Join(t.TempDir(), "matrix.test")
	build := exec.Command("go", "test", "-c", "-o", program, ".")
	build.Env = append(os.Environ(), "GOOS=linux", "GOARCH=arm64", "CGO_ENABLED=0", "GOFLAGS=")
	if said, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	for cpu, paths := range map[string]string{"max": "[portable neon neondot]", "cortex-a72": "[portable neon]"} {
		run := exec.Command(qemu, "-cpu", cpu, program, "-test.short", "-test.run", "TestPaths")
		run.Env = append(os.Environ(), "PARLEY_PATHS="+paths)
		if said, err := run.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", cpu, err, said)
		}
	}
}
