package kernel

import (
	"bytes"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
)

// ErrNoNft says that the nft program is missing.
var ErrNoNft = errors.New("the program nft is not installed: install the package nftables of the distribution (apt-get install nftables, dnf install nftables, apk add nftables)")

// text makes a transaction of nft's grammar.
func (h *Handle) text(rules string) error {
	_, err := h.nft(rules, "-f", "-")
	return err
}

// nft runs the nft program in the namespace and returns what it prints.
func (h *Handle) nft(input string, args ...string) (string, error) {
	program, err := findNft()
	if err != nil {
		return "", err
	}
	var stdout, stderr bytes.Buffer
	err = h.space.within(func() error {
		cmd := exec.Command(program, args...)
		cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(input), &stdout, &stderr
		return cmd.Run()
	})
	if err != nil {
		return "", &TextError{Message: complaint(stderr.String(), input), Err: err}
	}
	return stdout.String(), nil
}

// findNft looks where PATH says, and where distributions put it: the PATH of an
// ordinary user often lacks the latter.
func findNft() (string, error) {
	for _, name := range []string{"nft", "/usr/sbin/nft", "/sbin/nft", "/usr/local/sbin/nft"} {
		if program, err := exec.LookPath(name); err == nil {
			return program, nil
		}
	}
	return "", ErrNoNft
}

// TextError is what the nft program said about a text that it refused; the
// kernel is as it was before.
type TextError struct {
	// Message is nft's, with the line of the text that it is about.
	Message string
	Err     error
}

// Error prints "nft: line 3: syntax error, unexpected string", and the line.
func (e *TextError) Error() string {
	if e.Message == "" {
		return fmt.Sprintf("nft: %v", e.Err)
	}
	return "nft: " + e.Message
}

func (e *TextError) Unwrap() error { return e.Err }

// complaint is the first error that nft printed, with the line of ours that it
// names: nft prints "/dev/stdin:3:15-17: Error: syntax error, ...".
func complaint(printed, input string) string {
	for line := range strings.Lines(printed) {
		where, what, found := strings.Cut(strings.TrimSpace(line), ": Error: ")
		if !found {
			continue
		}
		where = strings.TrimPrefix(strings.TrimPrefix(where, "/dev/stdin:"), "-:")
		number, _, _ := strings.Cut(where, ":")
		n, err := strconv.Atoi(number)
		lines := strings.Split(input, "\n")
		if err != nil || n < 1 || n > len(lines) {
			return where + ": " + what
		}
		return fmt.Sprintf("line %d: %s\n\t%s", n, what, strings.TrimSpace(lines[n-1]))
	}
	return strings.TrimSpace(printed)
}
