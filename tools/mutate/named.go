package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
)

// slip is a mistake about the API that somebody could make.
type slip struct {
	name     string
	file     string
	old, new string
}

// judges are the packages whose tests are asked about slips.
var judges = []string{"./cluster", "./policy", "./reach", "./internal/oracle"}

// tryNamed makes every slip in a build of its own and says how many nobody
// noticed.
func tryNamed(root, dir string, workers int) (int, error) {
	killed := make([]string, len(slips))
	errs := make([]error, len(slips))
	work := make(chan int)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for i := range work {
				killed[i], errs[i] = slips[i].try(root, filepath.Join(dir, fmt.Sprint("named-", i)))
			}
		})
	}
	for i := range slips {
		work <- i
	}
	close(work)
	wg.Wait()
	bad := 0
	for i := range slips {
		if errs[i] != nil {
			return 0, fmt.Errorf("%s: %w", slips[i].name, errs[i])
		}
		if killed[i] == "" {
			bad++
			killed[i] = "SURVIVES"
		}
		fmt.Printf("%-44s %s\n", slips[i].name, killed[i])
	}
	return bad, nil
}

// try says which package noticed.
func (s *slip) try(root, dir string) (string, error) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return "", err
	}
	name := filepath.Join(root, s.file)
	b, err := os.ReadFile(name)
	if err != nil {
		return "", err
	}
	if n := strings.Count(string(b), s.old); n != 1 {
		return "", fmt.Errorf("%s holds %q %d times: slips.go wants a new place", s.file, s.old, n)
	}
	changed := filepath.Join(dir, "changed.go")
	if err := os.WriteFile(changed, []byte(strings.Replace(string(b), s.old, s.new, 1)), 0o600); err != nil {
		return "", err
	}
	overlay, err := writeOverlay(dir, map[string]string{name: changed})
	if err != nil {
		return "", err
	}
	for _, p := range judges {
		program := filepath.Join(dir, "test")
		cmd := exec.Command("go", "test", "-c", "-vet=off", "-overlay", overlay, "-o", program, p)
		cmd.Dir = root
		if out, err := cmd.CombinedOutput(); err != nil {
			return "", fmt.Errorf("%w\n%s", err, out)
		}
		cmd = exec.Command(program, "-test.short", "-test.failfast", "-test.timeout=5m")
		cmd.Dir = filepath.Join(root, p)
		if cmd.Run() != nil {
			return "killed by " + p, nil
		}
	}
	return "", nil
}
