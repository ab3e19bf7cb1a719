// Package built gives tests our programs: those that make has just built from the same sources, else built now. It may import nothing
// of ours.
package built

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// Folder is the variable that names the folder of programs that are built already and belong to these sources. make unit sets it: each
// package that linked them again took seconds.
const Folder = "CARDEA_BIN"

// Into puts programs of cmd/ into a folder, all as the Makefile builds them, so that everybody may run them.
func Into(dir string, names ...string) error {
	if err := os.Chmod(dir, 0o755); err != nil {
		return err
	}
	for _, name := range names {
		if err := one(dir, name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func one(dir, name string) error {
	to := filepath.Join(dir, name)
	if from := os.Getenv(Folder); from != "" {
		return copyTo(filepath.Join(from, name), to)
	}
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", to, "cardea/cmd/"+name)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return os.Chmod(to, 0o755)
}

// copyTo gives a test a file of its own.
func copyTo(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
