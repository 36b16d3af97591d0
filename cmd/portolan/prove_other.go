//go:build !linux

package main

import "errors"

var errNoLinux = errors.New("prove needs Linux: it builds the network out of the kernel's namespaces")

func (a *app) runProve(*proving) error { return errNoLinux }

func (a *app) openShell(string, string, []string) error { return errNoLinux }
