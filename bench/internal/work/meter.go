package work

import (
	"bufio"
	"os"
	"runtime"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Metrics by name, as in a worker's answer.
const (
	Rate       = "rate"       // messages per second
	Throughput = "throughput" // bytes of values per second
	CPU        = "cpu"        // seconds of process CPU per million messages
	Allocs     = "allocs"     // allocations of Go's heap per message
	Memory     = "memory"     // peak resident memory, bytes
	Goroutines = "goroutines"
	Threads    = "threads" // of the operating system
	P50        = "p50"     // seconds
	P99        = "p99"
	IdleCPU    = "idleCPU" // seconds of process CPU per second
	BinarySize = "size"    // bytes
)

// Meter measures the work between Start and Stop.
type Meter struct {
	Result map[string]float64

	job       *Job
	began     time.Time
	cpu       time.Duration
	mallocs   uint64
	latencies []time.Duration
	profile   *os.File
}

// Start begins the measurement.
func (m *Meter) Start() {
	if m.job.Profile != "" {
		f, err := os.Create(m.job.Profile)
		if err != nil {
			panic(err)
		}
		m.profile = f
		if err := pprof.StartCPUProfile(f); err != nil {
			panic(err)
		}
	}
	m.mallocs = mallocs()
	m.cpu = cpuTime()
	m.began = time.Now()
}

// Stop ends the measurement, while the client is still there. messages is how many were measured, 0 where the work has
// none.
func (m *Meter) Stop(messages int) {
	elapsed := time.Since(m.began).Seconds()
	cpu := (cpuTime() - m.cpu).Seconds()
	allocs := mallocs() - m.mallocs
	if m.profile != nil {
		pprof.StopCPUProfile()
		_ = m.profile.Close()
	}
	m.Result = map[string]float64{Goroutines: float64(runtime.NumGoroutine())}
	status(m.Result)
	if n := float64(messages); n > 0 {
		m.Result[Rate] = n / elapsed
		m.Result[Throughput] = n * float64(m.job.Bytes) / elapsed
		m.Result[CPU] = cpu / n * 1e6
		m.Result[Allocs] = float64(allocs) / n
	} else {
		m.Result[IdleCPU] = cpu / elapsed
	}
	if n := len(m.latencies); n > 0 {
		slices.Sort(m.latencies)
		m.Result[P50] = m.latencies[n/2].Seconds()
		m.Result[P99] = m.latencies[n*99/100].Seconds()
	}
}

// Latency takes the latency of one message.
func (m *Meter) Latency(d time.Duration) { m.latencies = append(m.latencies, d) }

func mallocs() uint64 {
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return s.Mallocs
}

// cpuTime is the CPU time of the process, of all its threads, in user code and in the kernel.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// status adds what Linux says of the process. The peak comes from there, because getrusage's is at least that of the
// process that started this one.
func status(result map[string]float64) {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		return // another system: these columns stay empty
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		key, value, _ := strings.Cut(s.Text(), ":")
		n, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(value, " kB")), 64)
		if err != nil {
			continue
		}
		switch key {
		case "VmHWM":
			result[Memory] = n * 1024
		case "Threads":
			result[Threads] = n
		}
	}
}
