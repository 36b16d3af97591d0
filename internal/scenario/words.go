package scenario

import (
	"fmt"

	"github.com/portolan-net/portolan/flow"
)

func parseAction(s string) (flow.Action, error) {
	for _, a := range flow.Actions() {
		if a.String() == s {
			return a, nil
		}
	}
	return flow.ActionNone, fmt.Errorf("step %q is not one of %v", s, flow.Actions())
}

// parseCode takes any word that looks like a code; a test holds the scenarios'
// codes against package flow.
func parseCode(s string) (flow.Code, error) {
	for _, r := range s {
		if (r < 'a' || r > 'z') && r != '-' {
			return "", fmt.Errorf("%q is not a code", s)
		}
	}
	return flow.Code(s), nil
}
