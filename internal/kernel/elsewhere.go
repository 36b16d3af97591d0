//go:build !linux

package kernel

import (
	"errors"
	"time"
)

var errElsewhere = errors.New("netfilter is part of Linux: not on this system")

type socket struct{ limit int }

func openSocket() (*socket, error) { return nil, errElsewhere }

func (s *socket) close() error             { return nil }
func (s *socket) send([]byte) error        { return errElsewhere }
func (s *socket) receive() ([]byte, error) { return nil, errElsewhere }

func again(error) bool { return false }

type namespace struct{}

func currentNamespace() (*namespace, error) { return nil, errElsewhere }

func (n *namespace) close() error                 { return nil }
func (n *namespace) within(do func() error) error { return errElsewhere }

type listener struct{}

func listen(int) (*listener, error) { return nil, errElsewhere }

func (l *listener) close() error              { return nil }
func (l *listener) deadline(time.Time) error  { return errElsewhere }
func (l *listener) ask([]byte) error          { return errElsewhere }
func (l *listener) read(bool) ([]byte, error) { return nil, errElsewhere }
func (l *listener) device(uint32) string      { return "" }
