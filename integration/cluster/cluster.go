// Package cluster runs Apache Kafka in KRaft mode for tests: one or three nodes on free ports of 127.0.0.1, each a
// broker and a controller. It needs Java and Maven on the machine; Kafka itself comes from Maven Central, once.
package cluster

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// DefaultVersion is the version of Kafka that runs where KAFKA_VERSION names no other.
const DefaultVersion = "4.1.1"

// Options say what cluster to start.
type Options struct {
	Nodes      int               // 1 or 3
	Secure     bool              // open the listeners for TLS and SASL too, with an authorizer
	Version    string            // of Kafka; empty means KAFKA_VERSION, else DefaultVersion
	Properties map[string]string // broker properties over the harness's own
	Features   map[string]int    // levels of features, such as transaction.version; others are the release's
	JVM        []string          // Java's flags for the nodes; empty means smallJVM, which starts fast and needs little memory
}

// Cluster is a running cluster, or one that was there before (see Existing).
type Cluster struct {
	Version string
	Certs   *Certs // of the TLS listeners; nil without Options.Secure

	opts      Options
	id        string // KRaft's id of the cluster
	dir       string // data and logs of this cluster; removed by Close
	libs      string // the jars
	java      string
	nodes     []*node
	bootstrap string // of a cluster that was there before

	clientMu sync.Mutex // guards client
	client   *kgo.Client
}

// Start starts a cluster and returns when all of its nodes serve, or with an error that shows the end of their logs.
func Start(ctx context.Context, opts Options) (*Cluster, error) {
	if opts.Nodes != 1 && opts.Nodes != 3 {
		return nil, fmt.Errorf("a test cluster has 1 or 3 nodes, not %d", opts.Nodes)
	}
	if opts.Version == "" {
		opts.Version = os.Getenv("KAFKA_VERSION")
	}
	if opts.Version == "" {
		opts.Version = DefaultVersion
	}
	if len(opts.JVM) == 0 {
		opts.JVM = smallJVM
	}
	java, err := tool("java", "a Java runtime of version 17 or later (Debian: apt-get install default-jre-headless)")
	if err != nil {
		return nil, err
	}
	c := &Cluster{Version: opts.Version, opts: opts, java: java}
	if c.libs, err = jars(ctx, opts.Version); err != nil {
		return nil, err
	}
	if c.dir, err = os.MkdirTemp("", "kafka-cluster-"); err != nil {
		return nil, err
	}
	if err := c.prepare(ctx); err != nil {
		_ = os.RemoveAll(c.dir)
		return nil, err
	}
	if err := c.StartAll(ctx); err != nil {
		err = fmt.Errorf("%w\n%s", err, c.Tail(25))
		_ = c.Close(false)
		return nil, err
	}
	return c, nil
}

// Existing is a cluster that somebody else runs; brokers are its plaintext bootstrap servers. Its nodes cannot be
// killed or started.
func Existing(brokers string) *Cluster { return &Cluster{bootstrap: brokers} }

// prepare chooses ports, writes certificates and properties, and formats the storage of all nodes.
func (c *Cluster) prepare(ctx context.Context) error {
	var err error
	if c.id, err = clusterID(); err != nil {
		return err
	}
	if c.opts.Secure {
		if c.Certs, err = newCerts(filepath.Join(c.dir, "certs")); err != nil {
			return err
		}
	}
	for i := range c.opts.Nodes {
		n := &node{id: i + 1, java: c.java, jvm: c.opts.JVM, libs: c.libs, dir: filepath.Join(c.dir, fmt.Sprintf("node-%d", i+1))}
		if n.ports, err = freePorts(len(c.listeners()) + 1); err != nil {
			return err
		}
		if err := os.MkdirAll(n.dir, 0o700); err != nil {
			return err
		}
		c.nodes = append(c.nodes, n)
	}
	return c.each(func(n *node) error {
		if err := n.writeProperties(c.properties(n)); err != nil {
			return err
		}
		return n.format(ctx, c.id, c.opts.Secure, c.opts.Features)
	})
}

// each runs f for all nodes at once and joins the errors.
func (c *Cluster) each(f func(*node) error) error {
	errs := make([]error, len(c.nodes))
	var wg sync.WaitGroup
	for i, n := range c.nodes {
		wg.Go(func() { errs[i] = f(n) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// Nodes returns how many nodes the cluster has that can be killed and started.
func (c *Cluster) Nodes() int { return len(c.nodes) }

// Bootstrap returns the addresses of a listener, for bootstrap.servers.
func (c *Cluster) Bootstrap(l Listener) string {
	if c.bootstrap != "" {
		return c.bootstrap
	}
	var all []string
	for _, n := range c.nodes {
		all = append(all, n.address(l))
	}
	return strings.Join(all, ",")
}

// StartAll starts all nodes that do not run and returns when all serve.
func (c *Cluster) StartAll(ctx context.Context) error {
	return c.each(func(n *node) error { return n.start(ctx) })
}

// Start starts a node again, on its old ports and its old data.
func (c *Cluster) Start(ctx context.Context, id int) error { return c.node(id).start(ctx) }

// Stop ends a node in the orderly way: it gives its leaderships away first.
func (c *Cluster) Stop(ctx context.Context, id int) error { return c.node(id).stop(ctx) }

// Kill ends a node at once, by SIGKILL.
func (c *Cluster) Kill(id int) error { return c.node(id).kill() }

// KillAll ends all nodes at once.
func (c *Cluster) KillAll() error { return c.each((*node).kill) }

func (c *Cluster) node(id int) *node { return c.nodes[id-1] }

// Tail returns the last lines of the log of each node.
func (c *Cluster) Tail(lines int) string {
	var b strings.Builder
	for _, n := range c.nodes {
		fmt.Fprintf(&b, "--- the last lines of the log of node %d (%s)\n%s", n.id, n.logFile(), n.tail(lines))
	}
	return b.String()
}

// Close kills all nodes and removes their files; with keep it leaves the files, for somebody to look at the logs.
func (c *Cluster) Close(keep bool) error {
	c.clientMu.Lock()
	if c.client != nil {
		c.client.Close()
		c.client = nil
	}
	c.clientMu.Unlock()
	err := c.each((*node).kill)
	if c.dir == "" || keep {
		return err
	}
	return errors.Join(err, os.RemoveAll(c.dir))
}

// properties are what one node is configured with.
func (c *Cluster) properties(n *node) map[string]string {
	p := nodeProperties(c, n)
	if c.opts.Secure {
		maps.Copy(p, secureProperties(c.Certs))
	}
	maps.Copy(p, c.opts.Properties)
	return p
}

// within gives a context its default deadline, so that nothing here waits for ever.
func within(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	if _, ok := ctx.Deadline(); ok {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, d)
}
