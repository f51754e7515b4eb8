package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/purego-kafka/kafka/bench/internal/work"
)

// workers are the built programs.
type workers struct {
	dir     string
	python  string            // the interpreter
	missing map[string]string // why a library is left out, by its name
}

// build builds the worker of each library: a program for each, so that none pays for what another links.
func build(ctx context.Context, dir string, chosen []Library) (*workers, error) {
	w := &workers{dir: dir, missing: map[string]string{}}
	if out, err := goBuild(ctx, dir, "kfake", false); err != nil {
		return nil, fmt.Errorf("building the broker in memory: %w\n%s", err, out)
	}
	for _, lib := range chosen {
		if lib.Dir == "python" {
			w.findPython(ctx)
			continue
		}
		if out, err := goBuild(ctx, dir, lib.Dir, lib.Cgo); err != nil {
			if !lib.Cgo {
				return nil, fmt.Errorf("building the worker of %s: %w\n%s", lib.Name, err, out)
			}
			w.missing[lib.Name] = fmt.Sprintf("it does not build here (it needs a C compiler): %v", err)
		}
	}
	return w, nil
}

func goBuild(ctx context.Context, dir, name string, cgo bool) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", filepath.Join(dir, name), "./worker/"+name)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if cgo {
		cmd.Env = append(os.Environ(), "CGO_ENABLED=1")
	}
	return cmd.CombinedOutput()
}

// findPython looks for an interpreter that has the library: the one that PYTHON names, or python3.
func (w *workers) findPython(ctx context.Context) {
	w.python = "python3"
	if p := os.Getenv("PYTHON"); p != "" {
		w.python = p
	}
	if err := exec.CommandContext(ctx, w.python, "-c", "import confluent_kafka").Run(); err != nil {
		w.missing[python] = fmt.Sprintf("%s can't import confluent_kafka (pip install -r worker/python/requirements.txt): %v", w.python, err)
	}
}

// run has a library do a job in a process of its own.
func (w *workers) run(ctx context.Context, lib *Library, j work.Job) (map[string]float64, error) {
	if j.Work == "size" {
		return binarySize(ctx, w.dir, lib)
	}
	arg, err := json.Marshal(j)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(w.dir, lib.Dir), string(arg))
	if lib.Dir == "python" {
		cmd = exec.CommandContext(ctx, w.python, filepath.Join("worker", "python", "worker.py"), string(arg))
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return nil, fmt.Errorf("%s: %w\n%s%s", lib.Name, err, tail(stdout.String()), tail(stderr.String()))
	}
	lines := strings.Split(strings.TrimSpace(stdout.String()), "\n")
	result := map[string]float64{}
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &result); err != nil {
		return nil, fmt.Errorf("%s: its answer %q: %w", lib.Name, tail(stdout.String()), err)
	}
	return result, nil
}

func tail(s string) string { return s[max(0, len(s)-1000):] }

// Result is what was measured of a row on one broker: of each library the metrics of each round.
type Result struct {
	Row    string
	Broker string
	Job    work.Job
	When   time.Time
	Rounds map[string][]map[string]float64 // by library
}

// plan is what to measure.
type plan struct {
	rows      []Row
	libraries []Library
	brokers   map[string]broker
	rounds    int
	scale     float64 // of the messages
	profile   string  // a folder for CPU profiles
	done      func(what string)
}

// measurements counts what measure will do.
func (p *plan) measurements() (n int) {
	for i := range p.rows {
		for name := range p.brokers {
			if p.rows[i].runsOn(name) {
				n += p.rounds * len(p.able(&p.rows[i]))
				if name == real {
					n++
				}
			}
		}
	}
	return n
}

// able are the libraries that can do a row.
func (p *plan) able(r *Row) (list []Library) {
	for _, lib := range p.libraries {
		if lib.can(r.Work) {
			list = append(list, lib)
		}
	}
	return list
}

func (r *Row) runsOn(broker string) bool {
	for _, b := range r.Brokers {
		if b == broker {
			return true
		}
	}
	return len(r.Brokers) == 0
}

// measure measures a row on a broker: in every round each library once, one after the other, and each round begins
// with the next of them.
func (p *plan) measure(ctx context.Context, w *workers, r *Row, name string) (*Result, error) {
	b, j := p.brokers[name], r.job()
	j.Messages = max(int(float64(j.Messages)*p.scale), min(j.Messages, 100))
	if r.Work == "transactions" { // whole ones
		j.Messages = (j.Messages + 999) / 1000 * 1000
	}
	end, err := b.row(ctx, r, &j)
	if err != nil {
		return nil, fmt.Errorf("%s on %s: %w", r.Name, name, err)
	}
	defer end()
	able := p.able(r)
	result := &Result{Row: r.Name, Broker: name, Job: j, When: time.Now().UTC(), Rounds: map[string][]map[string]float64{}}
	if name == real { // Java compiles what it has run for a while: the first library of a row would pay for all
		p.done(fmt.Sprintf("%s: %s, warming up", name, r.Name))
		if _, err := p.once(ctx, w, r, b, &able[0], j, warmUp); err != nil {
			return nil, fmt.Errorf("%s on %s: %w", r.Name, name, err)
		}
	}
	for round := range p.rounds {
		for i := range able {
			lib := &able[(i+round)%len(able)]
			p.done(fmt.Sprintf("%s: %s, %s", name, r.Name, lib.Name))
			metrics, err := p.once(ctx, w, r, b, lib, j, round)
			if err != nil {
				return nil, fmt.Errorf("%s on %s: %w", r.Name, name, err)
			}
			result.Rounds[lib.Name] = append(result.Rounds[lib.Name], metrics)
		}
	}
	return result, nil
}

const warmUp = -1 // the round that is not counted

func (p *plan) once(ctx context.Context, w *workers, r *Row, b broker, lib *Library, j work.Job, round int) (map[string]float64, error) {
	if r.Work == "produce" || r.Work == "consume" {
		j.Messages = lib.messages(j.Messages)
	}
	j.Group = fmt.Sprintf("bench-%d-%d-%s", os.Getpid(), time.Now().UnixNano(), lib.Dir)
	end, err := b.measurement(ctx, r, &j)
	if err != nil {
		return nil, err
	}
	defer end()
	if p.profile != "" && lib.Dir != "python" && round != warmUp {
		j.Profile = filepath.Join(p.profile, fmt.Sprintf("%s-%s-%d.pprof", r.Work, lib.Dir, round))
	}
	return w.run(ctx, lib, j)
}
