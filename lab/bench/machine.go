package bench

import (
	"os"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Machine is where the numbers come from.
type Machine struct {
	CPU    string  `json:"cpu"`
	Cores  int     `json:"cores"` // that this process may use
	MHz    float64 `json:"mhz,omitempty"`
	Memory uint64  `json:"memory_bytes"`
	Kernel string  `json:"kernel"`
	Arch   string  `json:"arch"`
	Go     string  `json:"go"`
	Load   float64 `json:"load"` // of the last minute, before the benchmark: others' work
}

// ThisMachine describes the machine; what it does not tell is left out.
func ThisMachine() Machine {
	m := Machine{Cores: runtime.NumCPU(), Arch: runtime.GOARCH, Go: runtime.Version()}
	info, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(info)) {
		key, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		switch key = strings.TrimSpace(key); {
		case m.CPU == "" && (key == "model name" || key == "Model" || key == "system type"):
			m.CPU = value
		case m.MHz == 0 && key == "cpu MHz":
			m.MHz, _ = strconv.ParseFloat(value, 64)
		}
	}
	var u unix.Utsname
	if unix.Uname(&u) == nil {
		m.Kernel = unix.ByteSliceToString(u.Release[:])
	}
	var s unix.Sysinfo_t
	if unix.Sysinfo(&s) == nil {
		m.Memory = uint64(s.Totalram) * uint64(s.Unit) //nolint:unconvert // 32 bits on 32-bit machines
		m.Load = float64(s.Loads[0]) / 65536
	}
	return m
}
