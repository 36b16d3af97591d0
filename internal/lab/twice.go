//go:build linux

package lab

import "os"

// as, where it is asUser, makes Enter do without the rights of root.
const (
	as     = "PORTOLAN_LAB_AS"
	asUser = "user"
)

// EnterTwice is Enter for tests: with the rights of root the program runs once
// with them and once more as an ordinary user would run it, in a user namespace.
// The exit code is that of the first run that fails.
func EnterTwice() (done bool, code int, err error) {
	if done, code, err = Enter(); !done || code != 0 || !privileged() || os.Getenv(as) != "" {
		return done, code, err
	}
	if err := os.Setenv(as, asUser); err != nil {
		return true, 1, err
	}
	return Enter()
}
