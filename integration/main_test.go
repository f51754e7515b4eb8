package integration_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/purego-kafka/kafka/integration/cluster"
)

// ownNodes are the tests that start nodes, kill them or open listeners of their own. With KAFKA_BROKERS they are left
// out, by name.
var ownNodes = []string{
	"TestSecure", "TestRefused", "TestOAuthBearer", "TestAuthorization", "TestScramUsers",
	"TestKilledLeader", "TestRollingRestart", "TestAllBrokersDown", "TestTransactionsVersion1", "TestForbidden",
}

func TestMain(m *testing.M) {
	if os.Getenv(childMode) != "" {
		os.Exit(childMain())
	}
	flag.Parse()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	// Most tests wait for a broker most of the time.
	set := map[string]bool{}
	flag.Visit(func(f *flag.Flag) { set[f.Name] = true })
	if !set["test.parallel"] {
		_ = flag.Set("test.parallel", "6")
	}
	if brokers := os.Getenv("KAFKA_BROKERS"); brokers != "" {
		fmt.Printf("KAFKA_BROKERS=%s: these tests need nodes of their own and do not run: %s\n", brokers, strings.Join(ownNodes, " "))
		skip := "^(" + strings.Join(ownNodes, "|") + ")$"
		if f := flag.Lookup("test.skip"); f.Value.String() != "" {
			skip += "|" + f.Value.String()
		}
		if err := flag.Set("test.skip", skip); err != nil {
			fmt.Println(err)
			return 2
		}
	}
	code := m.Run()
	for _, c := range started {
		if code != 0 {
			fmt.Printf("The nodes' files stay there. %s", c.Tail(15))
		}
		if err := c.Close(code != 0); err != nil {
			fmt.Println(err)
			code = 1
		}
	}
	return code
}

var (
	startedMu sync.Mutex // guards started
	started   []*cluster.Cluster
)

// startCluster starts a cluster that ends with the run.
func startCluster(opts cluster.Options) (*cluster.Cluster, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 7*time.Minute) // the first run fetches the jars
	defer cancel()
	c, err := cluster.Start(ctx, opts)
	if err != nil {
		return nil, err
	}
	startedMu.Lock()
	defer startedMu.Unlock()
	started = append(started, c)
	return c, nil
}

var single = sync.OnceValues(func() (*cluster.Cluster, error) {
	if brokers := os.Getenv("KAFKA_BROKERS"); brokers != "" {
		return cluster.Existing(brokers), nil
	}
	return startCluster(cluster.Options{Nodes: 1, Secure: true})
})

// broker returns the one node that most tests share, or the broker of KAFKA_BROKERS.
func broker(t testing.TB) *cluster.Cluster {
	t.Helper()
	return get(t, single)
}

// get returns a cluster, which the first call starts.
func get(t testing.TB, start func() (*cluster.Cluster, error)) *cluster.Cluster {
	t.Helper()
	c, err := start()
	must(t, err)
	return c
}

// secureBroker returns the shared node with all its listeners.
func secureBroker(t testing.TB) *cluster.Cluster {
	t.Helper()
	refuseExisting(t)
	return broker(t)
}

var triple = sync.OnceValues(func() (*cluster.Cluster, error) {
	return startCluster(cluster.Options{Nodes: 3})
})

// threeBrokers returns the cluster whose nodes may be killed. Tests that use it do not run in parallel, and leave all
// nodes running.
func threeBrokers(t testing.TB) *cluster.Cluster {
	t.Helper()
	refuseExisting(t)
	c := get(t, triple)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := c.StartAll(ctx); err != nil { // a failed test may have left one down
		t.Fatalf("%v\n%s", err, c.Tail(20))
	}
	return c
}

var older = sync.OnceValues(func() (*cluster.Cluster, error) {
	return startCluster(cluster.Options{Nodes: 1, Features: map[string]int{"transaction.version": 1}})
})

// version1 returns a node with version 1 of the transaction protocol, which has no epoch for each transaction.
func version1(t testing.TB) *cluster.Cluster {
	t.Helper()
	refuseExisting(t)
	return get(t, older)
}

var classicGroups = sync.OnceValues(func() (*cluster.Cluster, error) {
	return startCluster(cluster.Options{Nodes: 1, Properties: map[string]string{"group.coordinator.rebalance.protocols": "classic"}})
})

// forTransactions returns a node for transactions of several producers that hold the offsets of groups: the shared one, but
// for Kafka 3.9. With the consumer protocol, a preview there, that leaves such a transaction undecided for ever now and
// then when another one ends at the same time (KAFKA-17877, mended in 4.0), so it gets a node that has classic groups only.
func forTransactions(t testing.TB) *cluster.Cluster {
	t.Helper()
	if c := broker(t); !before4(c) {
		return c
	}
	return get(t, classicGroups)
}

// before4 reports whether the cluster is one of Kafka 3.
func before4(c *cluster.Cluster) bool { return strings.HasPrefix(c.Version, "3.") }

func refuseExisting(t testing.TB) {
	t.Helper()
	if os.Getenv("KAFKA_BROKERS") != "" {
		t.Fatalf("%s needs nodes of its own and must be named in ownNodes", t.Name())
	}
}
