// Package testcluster starts Kafka clusters in memory for this module's tests.
package testcluster

import (
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// DefaultPartitions is how many partitions an automatically created topic gets, as in the peer's mock cluster.
const DefaultPartitions = 4

// Cluster is a started cluster. The embedded kfake.Cluster is for faults, control functions and a look inside.
type Cluster struct {
	*kfake.Cluster
	// Bootstrap is the value for bootstrap.servers.
	Bootstrap string
}

// Topic asks for a topic that exists from the start.
func Topic(name string, partitions int) kfake.Opt { return kfake.SeedTopics(int32(partitions), name) }

// New starts a cluster of so many brokers, with automatic creation of topics, and closes it when the test ends. Any
// option of kfake may follow, also to override what New itself sets. Broker ids are kfake's, from 0.
func New(t testing.TB, brokers int, opts ...kfake.Opt) *Cluster {
	t.Helper()
	c, err := kfake.NewCluster(append([]kfake.Opt{
		kfake.NumBrokers(brokers),
		kfake.AllowAutoTopicCreation(),
		kfake.DefaultNumPartitions(DefaultPartitions),
		// The peer's tests run with session timeouts far below a real broker's minimum of six seconds.
		kfake.GroupMinSessionTimeout(time.Millisecond),
		kfake.BrokerConfigs(map[string]string{
			"group.consumer.heartbeat.interval.ms": "100",
		}),
	}, opts...)...)
	if err != nil {
		t.Fatalf("starting an in-memory cluster of %d brokers: %v", brokers, err)
	}
	t.Cleanup(c.Close)
	return &Cluster{Cluster: c, Bootstrap: strings.Join(c.ListenAddrs(), ",")}
}

// SetFeature sets the level of a feature, which clients see that connect from now on.
func (c *Cluster) SetFeature(t testing.TB, name string, level int16) {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(c.ListenAddrs()...))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	update := kmsg.NewUpdateFeaturesRequestFeatureUpdate()
	update.Feature, update.MaxVersionLevel, update.UpgradeType = name, level, 2 // up, or down if that loses nothing
	req := kmsg.NewPtrUpdateFeaturesRequest()
	req.FeatureUpdates = append(req.FeatureUpdates, update)
	resp, err := req.RequestWith(t.Context(), client)
	if err == nil {
		err = kerr.ErrorForCode(resp.ErrorCode)
	}
	if err != nil {
		t.Fatalf("setting %s to %d: %v", name, level, err)
	}
}
