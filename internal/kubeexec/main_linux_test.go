package kubeexec_test

import (
	"fmt"
	"os"
	"testing"

	"github.com/portolan-net/portolan/internal/lab"
)

// TestMain runs the tests in namespaces of their own, where labs may be built.
func TestMain(m *testing.M) {
	done, code, err := lab.Enter()
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	case done:
		os.Exit(code)
	}
	os.Exit(m.Run())
}
