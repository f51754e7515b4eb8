// Command bench measures this library beside raw franz-go, confluent-kafka-go, sarama, segmentio/kafka-go and
// confluent-kafka for Python: the same work, in the same run, in turns. README.md says how to run and read it.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"time"

	"github.com/schollz/progressbar/v3"
)

//go:generate go run ./internal/copyworker

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// options are the command line's.
type options struct {
	quick, list    bool
	rows, libs, on string
	rounds         int
	scale          float64
	out, profile   string
}

func parse() (o options) {
	flag.BoolVar(&o.quick, "quick", false, "only the most important rows, three rounds, on kfake: two minutes at most")
	flag.BoolVar(&o.list, "list", false, "list the rows and stop")
	flag.StringVar(&o.rows, "rows", "", "only rows whose name matches this `regexp`")
	flag.StringVar(&o.libs, "libs", "", "only libraries whose name matches this `regexp`; this library and franz-go always run")
	flag.StringVar(&o.on, "on", "", "only brokers whose name matches this `regexp`: Apache Kafka, kfake")
	flag.IntVar(&o.rounds, "rounds", 5, "rounds; in each every library runs once")
	flag.Float64Var(&o.scale, "scale", 1, "of the rows' numbers of messages")
	flag.StringVar(&o.out, "out", "", "`folder` of results (default results, with -quick results/quick.tmp)")
	flag.StringVar(&o.profile, "profile", "", "`folder` for CPU profiles, one for each measurement")
	flag.Parse()
	if o.quick {
		set := map[string]bool{}
		flag.Visit(func(f *flag.Flag) { set[f.Name] = true })
		if !set["rounds"] {
			o.rounds = 3
		}
		if !set["scale"] {
			o.scale = 0.6 // with fewer messages the first filling of the queue counts
		}
		if !set["on"] {
			o.on = memory
		}
	}
	if o.out == "" {
		o.out = "results"
		if o.quick {
			o.out = filepath.Join("results", "quick.tmp")
		}
	}
	return o
}

func run(ctx context.Context) error {
	o := parse()
	p, err := o.plan()
	if err != nil {
		return err
	}
	if o.list {
		for _, r := range p.rows {
			fmt.Printf("%-14s %s\n", r.Work, r.Name)
		}
		return nil
	}
	if len(p.rows) == 0 {
		return fmt.Errorf("no row matches -rows=%s; -list lists them", o.rows)
	}
	for _, dir := range []string{o.out, o.profile} {
		if dir != "" {
			if err := os.MkdirAll(dir, 0o755); err != nil {
				return err
			}
		}
	}
	dir, err := os.MkdirTemp("", "bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	fmt.Println("building the workers")
	w, err := build(ctx, dir, p.libraries)
	if err != nil {
		return err
	}
	p.leaveOut(w)
	if err := p.open(ctx, o, w); err != nil {
		return err
	}
	defer p.close()
	report, err := openReport(o.out)
	if err != nil {
		return err
	}
	report.Notes = w.missing
	bar := progressbar.NewOptions(p.measurements(), progressbar.OptionShowCount(), progressbar.OptionSetPredictTime(true),
		progressbar.OptionFullWidth(), progressbar.OptionThrottle(100*time.Millisecond))
	p.done = func(what string) { bar.Describe(what); _ = bar.Add(1) }
	failed := p.all(ctx, w, report)
	fmt.Println()
	fmt.Print(report.summary(p.rows))
	fmt.Println("written to " + o.out)
	return failed
}

// all measures every row on every broker. A row that fails does not end the run, but the run fails.
func (p *plan) all(ctx context.Context, w *workers, report *report) (failed error) {
	for i := range p.rows {
		for _, name := range []string{real, memory} {
			if p.brokers[name] == nil || !p.rows[i].runsOn(name) {
				continue
			}
			result, err := p.measure(ctx, w, &p.rows[i], name)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil {
				fmt.Fprintf(os.Stderr, "\n%v\n", err)
				failed = fmt.Errorf("at least one row failed: %s", p.rows[i].Name)
				continue
			}
			report.put(result)
			if err := report.write(); err != nil {
				return err
			}
		}
	}
	return failed
}

// plan chooses rows and libraries.
func (o *options) plan() (*plan, error) {
	p := &plan{rounds: o.rounds, scale: o.scale, profile: o.profile, brokers: map[string]broker{}}
	rowsRE, err := regexp.Compile(o.rows)
	if err != nil {
		return nil, fmt.Errorf("-rows: %w", err)
	}
	libsRE, err := regexp.Compile(o.libs)
	if err != nil {
		return nil, fmt.Errorf("-libs: %w", err)
	}
	for _, r := range rows() {
		if rowsRE.MatchString(r.Name) && (!o.quick || r.Quick || o.rows != "") {
			p.rows = append(p.rows, r)
		}
	}
	for _, lib := range libraries {
		if lib.Name == ours || lib.Name == raw || libsRE.MatchString(lib.Name) {
			p.libraries = append(p.libraries, lib)
		}
	}
	return p, nil
}

// leaveOut drops the libraries that don't run here, and says so.
func (p *plan) leaveOut(w *workers) {
	var kept []Library
	for _, lib := range p.libraries {
		if why, ok := w.missing[lib.Name]; ok {
			fmt.Printf("NOT MEASURED: %s: %s\n", lib.Name, why)
			continue
		}
		kept = append(kept, lib)
	}
	p.libraries = kept
}

// open opens the brokers.
func (p *plan) open(ctx context.Context, o options, w *workers) error {
	on, err := regexp.Compile(o.on)
	if err != nil {
		return fmt.Errorf("-on: %w", err)
	}
	if on.MatchString(memory) {
		p.brokers[memory] = &memoryBroker{program: filepath.Join(w.dir, "kfake")}
	}
	for i := range p.rows {
		if on.MatchString(real) && p.rows[i].runsOn(real) {
			b, err := newRealBroker(ctx)
			if err != nil {
				return err
			}
			p.brokers[real] = b
			break
		}
	}
	return nil
}

func (p *plan) close() {
	if b, ok := p.brokers[real].(*realBroker); ok {
		if err := b.c.Close(false); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
}
