package main

import (
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"cardea/cloud/rollout"
)

// machine is what programs say of where they run: a gateway cannot start one of another.
type machine struct {
	of    elf.Machine
	class elf.Class
	data  elf.Data
}

var machines = map[string]machine{ // by platform: all that the agent is built for
	"linux-amd64":  {elf.EM_X86_64, elf.ELFCLASS64, elf.ELFDATA2LSB},
	"linux-arm64":  {elf.EM_AARCH64, elf.ELFCLASS64, elf.ELFDATA2LSB},
	"linux-armv7":  {elf.EM_ARM, elf.ELFCLASS32, elf.ELFDATA2LSB},
	"linux-mipsle": {elf.EM_MIPS, elf.ELFCLASS32, elf.ELFDATA2LSB},
}

// checkProgram says why a file is no program for a platform. Every gateway of that platform would fetch it, not start it and go back.
func checkProgram(platform string, b []byte) error {
	if _, ok := machines[platform]; !ok {
		return fmt.Errorf("there is no agent for %.40q, only for %s", platform, strings.Join(slices.Sorted(maps.Keys(machines)), ", "))
	}
	if !bytes.HasPrefix(b, []byte(elf.ELFMAG)) {
		return fmt.Errorf("it is no program for %s: it does not begin as an ELF file does", platform)
	}
	f, err := elf.NewFile(bytes.NewReader(b))
	if err != nil {
		return fmt.Errorf("it is damaged or cut short: %w", err)
	}
	if f.Type != elf.ET_EXEC && f.Type != elf.ET_DYN { // one that may lie anywhere in memory says that it is shared
		return errors.New("it is an ELF file, and no program that can be started")
	}
	is := machine{f.Machine, f.Class, f.Data}
	if is == machines[platform] {
		return nil
	}
	for other, m := range machines {
		if is == m {
			return fmt.Errorf("it is a program for %s, not for %s", other, platform)
		}
	}
	return fmt.Errorf("it is a program for another machine than %s: %v, %v, %v", platform, is.of, is.class, is.data)
}

// checkPrograms checks those of a bundle file, whoever built it.
func checkPrograms(f *rollout.File) error {
	if f.Name != rollout.Agent {
		return nil
	}
	for _, of := range slices.Sorted(maps.Keys(f.Parts)) {
		if err := checkProgram(strings.TrimPrefix(of, rollout.Agent+"-"), f.Data(of)); err != nil {
			return fmt.Errorf("%s: %w", of, err)
		}
	}
	return nil
}
