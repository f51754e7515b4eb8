package kafka

import (
	"context"
	"slices"
	"sort"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// DeletedRecords says where a partition begins after DeleteRecords.
type DeletedRecords struct {
	LowWatermark Offset
}

// DeleteRecordsResult is one partition of DeleteRecords. DeletedRecords is nil where TopicPartition has an Error.
type DeleteRecordsResult struct {
	TopicPartition TopicPartition
	DeletedRecords *DeletedRecords
}

// DeleteRecordsResults is what DeleteRecords returns, sorted by topic and partition.
type DeleteRecordsResults struct {
	DeleteRecordsResults []DeleteRecordsResult
}

// DeleteRecords deletes the messages of partitions that are before the Offset given, OffsetEnd for all that are there.
// See [AdminClient] for how calls wait. ErrInvalidArg: an empty list, a partition twice. ErrNoent: none of the
// partitions exists.
func (a *AdminClient) DeleteRecords(ctx context.Context, recordsToDelete []TopicPartition, options ...DeleteRecordsAdminOption) (result DeleteRecordsResults, err error) {
	if err := a.verify(); err != nil {
		return result, err
	}
	if len(recordsToDelete) == 0 {
		return result, newErrorf(ErrInvalidArg, "No records to delete")
	}
	call, err := begin(ctx, a, waitResponse, options)
	if err != nil {
		return result, err
	}
	defer call.cancel()
	req := kmsg.NewPtrDeleteRecordsRequest()
	req.TimeoutMillis = call.operationMillis()
	if err := checkPartitions(recordsToDelete, "Duplicate partitions not allowed"); err != nil {
		return result, err
	}
	exist, err := call.client.lookUp(call.ctx, topicNames(recordsToDelete))
	if err != nil {
		return result, call.leadersFail(err)
	}
	found, at := map[topicPartition]deletedBefore{}, map[string]int{}
	for _, p := range recordsToDelete {
		if err := exist.check(*p.Topic, p.Partition); err != nil {
			found[topicPartition{*p.Topic, p.Partition}] = deletedBefore{err: err}
			continue
		}
		n, ok := at[*p.Topic]
		if !ok {
			t := kmsg.NewDeleteRecordsRequestTopic()
			t.Topic = *p.Topic
			n, at[*p.Topic] = len(req.Topics), len(req.Topics)
			req.Topics = append(req.Topics, t)
		}
		rp := kmsg.NewDeleteRecordsRequestTopicPartition()
		rp.Partition, rp.Offset = p.Partition, int64(p.Offset)
		req.Topics[n].Partitions = append(req.Topics[n].Partitions, rp)
	}
	if len(req.Topics) == 0 {
		return result, noLeaders()
	}
	if err := call.deleteRecords(req, found); err != nil {
		return result, err
	}
	sorted := slices.Clone(recordsToDelete)
	sort.Sort(TopicPartitions(sorted))
	for _, p := range sorted {
		r := DeleteRecordsResult{TopicPartition: TopicPartition{Topic: p.Topic, Partition: p.Partition, Offset: p.Offset}}
		f, ok := found[topicPartition{*p.Topic, p.Partition}]
		switch {
		case !ok:
			r.TopicPartition.Error = missing("partition", p.String())
		case f.err != nil:
			r.TopicPartition.Error = *f.err
			if f.answered {
				r.TopicPartition.Offset = f.low
			}
		default:
			r.TopicPartition.Offset, r.DeletedRecords = f.low, &DeletedRecords{LowWatermark: f.low}
		}
		result.DeleteRecordsResults = append(result.DeleteRecordsResults, r)
	}
	return result, nil
}

type deletedBefore struct {
	low      Offset
	err      *Error
	answered bool // a broker said so
}

// deleteRecords adds the leaders' answers to found.
func (call *adminCall) deleteRecords(req *kmsg.DeleteRecordsRequest, found map[topicPartition]deletedBefore) error {
	for _, s := range call.client.ask(call.ctx, req) {
		if s.Err != nil {
			if call.ctx.Err() != nil || unreachable(s.Err) {
				return call.leadersFail(s.Err)
			}
			e := toError(s.Err)
			for _, t := range s.Req.(*kmsg.DeleteRecordsRequest).Topics {
				for _, p := range t.Partitions {
					found[topicPartition{t.Topic, p.Partition}] = deletedBefore{err: &e}
				}
			}
			continue
		}
		for _, t := range s.Resp.(*kmsg.DeleteRecordsResponse).Topics {
			for _, p := range t.Partitions {
				d := deletedBefore{low: Offset(p.LowWatermark), answered: true}
				if p.ErrorCode != 0 {
					e := codeError(p.ErrorCode)
					d.err = &e
				}
				found[topicPartition{t.Topic, p.Partition}] = d
			}
		}
	}
	return nil
}

// ElectionType says which replica may become leader.
type ElectionType int

// Election types.
const (
	ElectionTypePreferred ElectionType = 0 // the first of the replicas, if it is in sync
	ElectionTypeUnclean   ElectionType = 1 // any that lives, even if messages are lost by it
)

// ElectionTypeFromString returns the type of this name in any case, ErrInvalidArg for any other.
func ElectionTypeFromString(electionTypeString string) (ElectionType, error) {
	switch strings.ToUpper(electionTypeString) {
	case "PREFERRED":
		return ElectionTypePreferred, nil
	case "UNCLEAN":
		return ElectionTypeUnclean, nil
	}
	return ElectionTypePreferred, newErrorf(ErrInvalidArg, "Unknown election type")
}

// ElectLeadersRequest is made by [NewElectLeadersRequest].
type ElectLeadersRequest struct {
	electionType ElectionType
	partitions   []TopicPartition
}

// NewElectLeadersRequest asks for the election of the partitions' leaders; nil means of all partitions.
func NewElectLeadersRequest(electionType ElectionType, partitions []TopicPartition) ElectLeadersRequest {
	return ElectLeadersRequest{electionType: electionType, partitions: partitions}
}

// ElectLeadersResult is what ElectLeaders returns, in the order of the request: the Error of every partition is an
// Error, of code ErrNoError where a leader was elected. Where all partitions were asked for, only those are in it whose
// leader changed or could not.
type ElectLeadersResult struct {
	TopicPartitions []TopicPartition
}

// ElectLeaders elects leaders. See [AdminClient] for how calls wait. A partition whose leader needs no change has
// ErrElectionNotNeeded. ErrInvalidArg: a partition given twice. An empty list that is not nil elects none.
func (a *AdminClient) ElectLeaders(ctx context.Context, electLeaderRequest ElectLeadersRequest, options ...ElectLeadersAdminOption) (result ElectLeadersResult, err error) {
	call, err := begin(ctx, a, waitController, options)
	if err != nil {
		return result, err
	}
	defer call.cancel()
	req := kmsg.NewPtrElectLeadersRequest()
	req.ElectionType, req.TimeoutMillis = int8(electLeaderRequest.electionType), call.operationMillis()
	if electLeaderRequest.partitions != nil {
		req.Topics = []kmsg.ElectLeadersRequestTopic{}
	}
	if err := checkPartitions(electLeaderRequest.partitions, "Duplicate partitions specified"); err != nil {
		return result, err
	}
	for topic, ids := range partitionsByTopic(electLeaderRequest.partitions) {
		t := kmsg.NewElectLeadersRequestTopic()
		t.Topic, t.Partitions = topic, ids
		req.Topics = append(req.Topics, t)
	}
	resp, err := request[*kmsg.ElectLeadersResponse](call, req)
	if err != nil {
		return result, err
	}
	if resp.ErrorCode != 0 && resp.ErrorCode != kerr.ElectionNotNeeded.Code {
		return result, newErrorf(ErrorCode(resp.ErrorCode), "ElectLeaders request failed: %s", ErrorCode(resp.ErrorCode)).withCause(kerr.ErrorForCode(resp.ErrorCode))
	}
	found := map[topicPartition]Error{}
	for _, t := range resp.Topics {
		for _, p := range t.Partitions {
			found[topicPartition{t.Topic, p.Partition}] = itemError(p.ErrorCode, p.ErrorMessage)
		}
	}
	if electLeaderRequest.partitions != nil {
		result.TopicPartitions = partitionResults(electLeaderRequest.partitions, found)
		return result, nil
	}
	result.TopicPartitions = []TopicPartition{}
	for k, e := range found {
		result.TopicPartitions = append(result.TopicPartitions, TopicPartition{Topic: &k.topic, Partition: k.id, Error: e})
	}
	sort.Sort(TopicPartitions(result.TopicPartitions))
	return result, nil
}
