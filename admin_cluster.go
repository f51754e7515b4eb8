package kafka

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// Node is a broker, as the descriptions name it.
type Node struct {
	ID   int
	Host string
	Port int
	Rack *string // nil where the broker has none
}

// String returns "[host:port]/id".
func (n Node) String() string { return fmt.Sprintf("[%s:%d]/%d", n.Host, n.Port, n.ID) }

// DescribeClusterResult describes a cluster.
type DescribeClusterResult struct {
	ClusterID            *string        // nil where the brokers are too old to have one
	Controller           *Node          // nil where there is none at the moment
	Nodes                []Node         // the brokers, sorted by ID
	AuthorizedOperations []ACLOperation // what this client may do; nil without SetAdminOptionIncludeAuthorizedOperations
}

// DescribeCluster describes the cluster: its id, its controller and its brokers. See [AdminClient] for how calls wait.
func (a *AdminClient) DescribeCluster(ctx context.Context, options ...DescribeClusterAdminOption) (result DescribeClusterResult, err error) {
	call, err := begin(ctx, a, waitController, options)
	if err != nil {
		return result, err
	}
	defer call.cancel()
	req := kmsg.NewPtrMetadataRequest()
	req.Topics, req.IncludeClusterAuthorizedOperations = []kmsg.MetadataRequestTopic{}, call.authorizedOps
	resp, err := request[*kmsg.MetadataResponse](call, req)
	if err != nil {
		return result, err
	}
	allowed := resp.AuthorizedOperations
	// From version 11 on another request says what is allowed.
	if call.authorizedOps && resp.Version > 10 {
		dc := kmsg.NewPtrDescribeClusterRequest()
		dc.IncludeClusterAuthorizedOperations = true
		described, err := request[*kmsg.DescribeClusterResponse](call, dc)
		if err != nil {
			return result, err
		}
		if described.ErrorCode != 0 {
			return result, itemError(described.ErrorCode, described.ErrorMessage)
		}
		allowed = described.ClusterAuthorizedOperations
	}
	nodes := nodesByID(resp)
	result.ClusterID, result.Nodes = resp.ClusterID, []Node{}
	for _, id := range slices.Sorted(maps.Keys(nodes)) {
		result.Nodes = append(result.Nodes, nodes[id])
	}
	if n, ok := nodes[resp.ControllerID]; ok {
		result.Controller = &n
	}
	result.AuthorizedOperations = call.operations(allowed)
	return result, nil
}

// operations decodes the operations that a broker allows: bit n is operation n. It is nil where they were not asked
// for. Operations that have no name here are left out.
func (call *adminCall) operations(bits int32) []ACLOperation {
	if !call.authorizedOps || bits == math.MinInt32 {
		return nil
	}
	ops := []ACLOperation{}
	for o := ACLOperationAll; o <= ACLOperationIdempotentWrite; o++ {
		if bits&(1<<o) != 0 {
			ops = append(ops, o)
		}
	}
	return ops
}

func nodesByID(resp *kmsg.MetadataResponse) map[int32]Node {
	nodes := make(map[int32]Node, len(resp.Brokers))
	for _, b := range resp.Brokers {
		nodes[b.NodeID] = Node{ID: int(b.NodeID), Host: b.Host, Port: int(b.Port), Rack: b.Rack}
	}
	return nodes
}

func partitionInfos(partitions []kmsg.MetadataResponseTopicPartition, nodes map[int32]Node) []TopicPartitionInfo {
	node := func(id int32) Node {
		if n, ok := nodes[id]; ok {
			return n
		}
		return Node{ID: int(id)} // a replica on a broker that is down
	}
	list := func(ids []int32) []Node {
		ns := make([]Node, len(ids))
		for i, id := range ids {
			ns[i] = node(id)
		}
		return ns
	}
	infos := make([]TopicPartitionInfo, 0, len(partitions))
	for _, p := range partitions {
		info := TopicPartitionInfo{Partition: int(p.Partition), Replicas: list(p.Replicas), Isr: list(p.ISR)}
		if p.Leader >= 0 {
			n := node(p.Leader)
			info.Leader = &n
		}
		infos = append(infos, info)
	}
	slices.SortFunc(infos, func(a, b TopicPartitionInfo) int { return cmp.Compare(a.Partition, b.Partition) })
	return infos
}
