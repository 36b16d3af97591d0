package e2e

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/portolan-net/portolan/internal/lab"
)

// TestMain is many programs: each part of a cluster, by the name under which this
// binary is called; the tests, in namespaces of their own; and what starts these.
func TestMain(m *testing.M) {
	if play, ok := roles[filepath.Base(os.Args[0])]; ok {
		os.Exit(play())
	}
	flag.Parse()
	if testing.Short() {
		os.Exit(m.Run())
	}
	code, err := enter(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(code)
}

// enter builds the product where there may be a network to read modules from, and
// runs the tests where a lab may be built.
func enter(m *testing.M) (int, error) {
	if product == "" {
		dir, err := os.MkdirTemp("", "portolan-e2e-")
		if err != nil {
			return 0, err
		}
		defer os.RemoveAll(dir) //nolint:errcheck // a temporary directory
		product = filepath.Join(dir, "portolan")
		build := exec.Command("go", "build", "-C", "../..", "-o", product, "./cmd/portolan")
		if out, err := build.CombinedOutput(); err != nil {
			return 0, fmt.Errorf("%s: %w: %s", build, err, out)
		}
		if err := os.Setenv(productVar, product); err != nil {
			return 0, err
		}
	}
	done, code, err := lab.EnterTwice()
	if err != nil || done {
		return code, err
	}
	return m.Run(), nil
}

// productVar names the file that product is, for the process inside.
const productVar = "PORTOLAN_E2E_PRODUCT"

// product is the program that is tested.
var product = os.Getenv(productVar)
