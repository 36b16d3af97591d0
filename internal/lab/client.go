//go:build linux

package lab

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// Shell runs a command, or a shell where there is none, in a machine of a lab
// that another process keeps, with this process's standard streams, and returns
// its exit code. An empty lab is the only one there is. It needs no Enter.
func Shell(lab, machine string, command []string) (code int, err error) {
	return enterMachine(lab, machine, command, [3]*os.File{os.Stdin, os.Stdout, os.Stderr})
}

func enterMachine(lab, machine string, command []string, streams [3]*os.File) (int, error) {
	file, err := kept(lab)
	if err != nil {
		return 0, err
	}
	conn, err := net.DialUnix(network, nil, &net.UnixAddr{Name: file, Net: network})
	if err != nil {
		return 0, fmt.Errorf("lab: %w", err)
	}
	defer conn.Close() //nolint:errcheck // nothing is lost
	o := order{Machine: machine, Command: command, Term: os.Getenv("TERM")}
	if !isTerminal(streams[0]) || !isTerminal(streams[1]) {
		if err := send(conn, &o, streams); err != nil {
			return 0, err
		}
		return await(conn)
	}
	t, err := newTerminal(streams[0], streams[1])
	if err != nil {
		return 0, fmt.Errorf("lab: terminal: %w", err)
	}
	defer t.close()
	o.Terminal = true
	err = send(conn, &o, [3]*os.File{t.there, t.there, t.there})
	if closing := t.there.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return 0, err
	}
	t.join()
	code, err := await(conn)
	t.drain()
	return code, err
}

// send sends an order with the streams it is for.
func send(conn *net.UnixConn, o *order, streams [3]*os.File) error {
	text, err := json.Marshal(o)
	if err != nil {
		return fmt.Errorf("lab: %w", err)
	}
	if len(text) > maxOrder {
		return errors.New("lab: the command is too long")
	}
	var fds []int
	for _, f := range streams {
		fds = append(fds, int(f.Fd()))
	}
	_, _, err = conn.WriteMsgUnix(text, unix.UnixRights(fds...), nil)
	if err != nil {
		return fmt.Errorf("lab: %w", err)
	}
	return nil
}

// await waits for the end of the command.
func await(conn *net.UnixConn) (int, error) {
	text := make([]byte, maxOrder)
	n, err := conn.Read(text)
	if err != nil || n == 0 {
		return 0, errors.New("lab: the lab has ended")
	}
	var e ending
	if err := json.Unmarshal(text[:n], &e); err != nil {
		return 0, fmt.Errorf("lab: %w", err)
	}
	if e.Error != "" {
		return 0, errors.New(e.Error)
	}
	return e.Code, nil
}
