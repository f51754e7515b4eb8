package kafka

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// ConsumerGroupState is where a group is in its life.
type ConsumerGroupState int

// Consumer group states.
const (
	ConsumerGroupStateUnknown             ConsumerGroupState = 0
	ConsumerGroupStatePreparingRebalance  ConsumerGroupState = 1
	ConsumerGroupStateCompletingRebalance ConsumerGroupState = 2
	ConsumerGroupStateStable              ConsumerGroupState = 3
	ConsumerGroupStateDead                ConsumerGroupState = 4
	ConsumerGroupStateEmpty               ConsumerGroupState = 5
)

var groupStateNames = []string{"Unknown", "PreparingRebalance", "CompletingRebalance", "Stable", "Dead", "Empty"}

// String returns the name, "" for a number without one.
func (t ConsumerGroupState) String() string {
	if t < 0 || int(t) >= len(groupStateNames) {
		return ""
	}
	return groupStateNames[t]
}

// ConsumerGroupStateFromString returns the state of this name in any case, ConsumerGroupStateUnknown for any other. The
// error is always nil.
func ConsumerGroupStateFromString(stateString string) (ConsumerGroupState, error) {
	for i, n := range groupStateNames {
		if strings.EqualFold(n, stateString) {
			return ConsumerGroupState(i), nil
		}
	}
	return ConsumerGroupStateUnknown, nil
}

// ConsumerGroupType is the protocol that a group's members speak.
type ConsumerGroupType int

// Consumer group types.
const (
	ConsumerGroupTypeUnknown  ConsumerGroupType = 0
	ConsumerGroupTypeConsumer ConsumerGroupType = 1 // KIP-848: the broker assigns
	ConsumerGroupTypeClassic  ConsumerGroupType = 2 // a member assigns
)

var groupTypeNames = []string{"Unknown", "Consumer", "Classic"}

// String returns the name, "" for a number without one.
func (t ConsumerGroupType) String() string {
	if t < 0 || int(t) >= len(groupTypeNames) {
		return ""
	}
	return groupTypeNames[t]
}

// ConsumerGroupTypeFromString returns the type of this name in any case, ConsumerGroupTypeUnknown for any other.
func ConsumerGroupTypeFromString(typeString string) ConsumerGroupType {
	for i, n := range groupTypeNames {
		if strings.EqualFold(n, typeString) {
			return ConsumerGroupType(i)
		}
	}
	return ConsumerGroupTypeUnknown
}

// ConsumerGroupListing is one group as ListConsumerGroups gives it.
type ConsumerGroupListing struct {
	GroupID               string
	IsSimpleConsumerGroup bool // it only commits offsets: no member ever joined it
	State                 ConsumerGroupState
	Type                  ConsumerGroupType
}

// ListConsumerGroupsResult is what ListConsumerGroups returns: the groups sorted by GroupID, and the errors of brokers
// that could not be asked, nil where there are none.
type ListConsumerGroupsResult struct {
	Valid  []ConsumerGroupListing
	Errors []error
}

// consumerProtocol is the protocol type of groups of consumers.
const consumerProtocol = "consumer"

// ListConsumerGroups asks every broker for its groups of consumers. See [AdminClient] for how calls wait. What goes
// wrong at a broker, a timeout too, is in the result's Errors, with what others answered in Valid.
func (a *AdminClient) ListConsumerGroups(ctx context.Context, options ...ListConsumerGroupsAdminOption) (result ListConsumerGroupsResult, err error) {
	call, err := begin(ctx, a, waitBroker, options)
	if err != nil {
		return result, err
	}
	defer call.cancel()
	req := kmsg.NewPtrListGroupsRequest()
	for _, s := range call.states {
		req.StatesFilter = append(req.StatesFilter, s.String())
	}
	for _, t := range call.types {
		req.TypesFilter = append(req.TypesFilter, t.String())
	}
	result.Valid = []ConsumerGroupListing{}
	for _, s := range call.client.ask(call.ctx, req) {
		if s.Err != nil {
			if call.app.Err() != nil {
				return ListConsumerGroupsResult{}, call.app.Err()
			}
			result.Errors = append(result.Errors, call.itemFail(s.Err))
			continue
		}
		resp := s.Resp.(*kmsg.ListGroupsResponse)
		if resp.ErrorCode != 0 {
			result.Errors = append(result.Errors, itemError(resp.ErrorCode, nil))
			continue
		}
		if resp.Version < 4 && len(call.states) > 0 || resp.Version < 5 && len(call.types) > 0 {
			result.Errors = append(result.Errors, newErrorf(ErrUnsupportedFeature, "Broker %d is too old to filter groups by state or type", s.Meta.NodeID))
			continue
		}
		for _, g := range resp.Groups {
			if g.ProtocolType != "" && g.ProtocolType != consumerProtocol {
				continue
			}
			state, _ := ConsumerGroupStateFromString(g.GroupState)
			result.Valid = append(result.Valid, ConsumerGroupListing{
				GroupID: g.Group, IsSimpleConsumerGroup: g.ProtocolType == "", State: state, Type: ConsumerGroupTypeFromString(g.GroupType),
			})
		}
	}
	slices.SortFunc(result.Valid, func(a, b ConsumerGroupListing) int { return strings.Compare(a.GroupID, b.GroupID) })
	return result, nil
}

// itemFail is the error of one item of a result that got no answer: a timeout has no more to say than its code.
func (call *adminCall) itemFail(err error) Error {
	if call.ctx.Err() != nil {
		return itemLocalError(newError(ErrTimedOut).withCause(err))
	}
	return itemLocalError(err)
}

// MemberAssignment are the partitions of one member. Their Offset is OffsetInvalid.
type MemberAssignment struct {
	TopicPartitions []TopicPartition
}

// MemberDescription is one member of a group.
type MemberDescription struct {
	ClientID         string
	GroupInstanceID  string // of a static member, else ""
	ConsumerID       string // the member id
	Host             string
	Assignment       MemberAssignment
	TargetAssignment *MemberAssignment // where the broker assigns (KIP-848): what it is to get; else nil
}

// ConsumerGroupDescription is one group. A group that does not exist has the state Dead and no error.
type ConsumerGroupDescription struct {
	GroupID               string
	Error                 Error
	IsSimpleConsumerGroup bool // no member ever joined it
	PartitionAssignor     string
	State                 ConsumerGroupState
	Type                  ConsumerGroupType
	Coordinator           Node // ID -1 where Error is set
	Members               []MemberDescription
	AuthorizedOperations  []ACLOperation // what this client may do; nil without SetAdminOptionIncludeAuthorizedOperations
}

// DescribeConsumerGroupsResult is what DescribeConsumerGroups returns, in the order of the request.
type DescribeConsumerGroupsResult struct {
	ConsumerGroupDescriptions []ConsumerGroupDescription
}

// DescribeConsumerGroups describes groups of consumers, of either protocol. See [AdminClient] for how calls wait; a
// group that got no answer in time has ErrTimedOut as its Error. ErrInvalidArg: an empty list, a group given twice.
func (a *AdminClient) DescribeConsumerGroups(ctx context.Context, groups []string, options ...DescribeConsumerGroupsAdminOption) (result DescribeConsumerGroupsResult, err error) {
	call, err := begin(ctx, a, waitBroker, options)
	if err != nil {
		return result, err
	}
	defer call.cancel()
	if len(groups) == 0 {
		return result, newErrorf(ErrInvalidArg, "No groups to describe")
	}
	if len(distinct(groups)) != len(groups) {
		return result, newErrorf(ErrInvalidArg, "Duplicate groups not allowed")
	}
	found := map[string]ConsumerGroupDescription{}
	call.describeByBroker(groups, found)
	var classic []string // groups that the newer request does not know, or all of them at an older broker
	for _, g := range groups {
		if _, ok := found[g]; !ok {
			classic = append(classic, g)
		}
	}
	if len(classic) > 0 {
		call.describeClassic(classic, found)
	}
	if call.app.Err() != nil {
		return result, call.app.Err()
	}
	result.ConsumerGroupDescriptions = make([]ConsumerGroupDescription, len(groups))
	for i, g := range groups {
		d, ok := found[g]
		if !ok {
			d = undescribed(g, missing("group", g))
		}
		result.ConsumerGroupDescriptions[i] = d
	}
	return result, nil
}

func undescribed(group string, err Error) ConsumerGroupDescription {
	return ConsumerGroupDescription{GroupID: group, Error: err, Coordinator: Node{ID: -1}, Members: []MemberDescription{}}
}

// describeByBroker asks for groups of the newer protocol. Groups that are not of it, or that could not be asked for so,
// stay out of found.
func (call *adminCall) describeByBroker(groups []string, found map[string]ConsumerGroupDescription) {
	req := kmsg.NewPtrConsumerGroupDescribeRequest()
	req.Groups, req.IncludeAuthorizedOperations = groups, call.authorizedOps
	for _, s := range call.client.ask(call.ctx, req) {
		if s.Err != nil {
			continue // the other request tells what is wrong
		}
		for _, g := range s.Resp.(*kmsg.ConsumerGroupDescribeResponse).Groups {
			if g.ErrorCode == kerr.GroupIDNotFound.Code || g.ErrorCode == kerr.UnsupportedVersion.Code {
				continue
			}
			if g.ErrorCode != 0 {
				found[g.Group] = undescribed(g.Group, itemError(g.ErrorCode, g.ErrorMessage))
				continue
			}
			d := ConsumerGroupDescription{
				GroupID: g.Group, Error: itemError(0, nil), PartitionAssignor: g.AssignorName, Type: ConsumerGroupTypeConsumer,
				Coordinator: nodeOf(s.Meta), Members: []MemberDescription{}, AuthorizedOperations: call.operations(g.AuthorizedOperations),
			}
			d.State, _ = ConsumerGroupStateFromString(g.State)
			for _, m := range g.Members {
				target := memberAssignment(m.TargetAssignment)
				d.Members = append(d.Members, MemberDescription{
					ClientID: m.ClientID, GroupInstanceID: deref(m.InstanceID), ConsumerID: m.MemberID, Host: m.ClientHost,
					Assignment: memberAssignment(m.Assignment), TargetAssignment: &target,
				})
			}
			found[g.Group] = d
		}
	}
}

func memberAssignment(as kmsg.Assignment) MemberAssignment {
	ps := []TopicPartition{}
	for _, t := range as.TopicPartitions {
		for _, p := range t.Partitions {
			ps = append(ps, TopicPartition{Topic: &t.Topic, Partition: p, Offset: OffsetInvalid})
		}
	}
	return MemberAssignment{TopicPartitions: ps}
}

// describeClassic asks for groups of the older protocol.
func (call *adminCall) describeClassic(groups []string, found map[string]ConsumerGroupDescription) {
	req := kmsg.NewPtrDescribeGroupsRequest()
	req.Groups, req.IncludeAuthorizedOperations = groups, call.authorizedOps
	for _, s := range call.client.ask(call.ctx, req) {
		if s.Err != nil {
			for _, g := range s.Req.(*kmsg.DescribeGroupsRequest).Groups {
				found[g] = undescribed(g, call.itemFail(s.Err))
			}
			continue
		}
		for _, g := range s.Resp.(*kmsg.DescribeGroupsResponse).Groups {
			found[g.Group] = call.classicGroup(s.Meta, g)
		}
	}
}

func (call *adminCall) classicGroup(coordinator kgo.BrokerMetadata, g kmsg.DescribeGroupsResponseGroup) ConsumerGroupDescription {
	if g.ErrorCode == kerr.GroupIDNotFound.Code { // as of version 6; before it the answer was a dead group
		g.ErrorCode, g.State = 0, "Dead"
	}
	if g.ErrorCode != 0 {
		return undescribed(g.Group, itemError(g.ErrorCode, g.ErrorMessage))
	}
	if g.ProtocolType != "" && g.ProtocolType != consumerProtocol {
		return undescribed(g.Group, newErrorf(ErrInvalidArg, "GroupId %s is not a consumer group (%s).", g.Group, g.ProtocolType))
	}
	d := ConsumerGroupDescription{
		GroupID: g.Group, Error: itemError(0, nil), IsSimpleConsumerGroup: g.ProtocolType == "", PartitionAssignor: g.Protocol,
		Type: ConsumerGroupTypeClassic, Coordinator: nodeOf(coordinator), Members: []MemberDescription{},
		AuthorizedOperations: call.operations(g.AuthorizedOperations),
	}
	d.State, _ = ConsumerGroupStateFromString(g.State)
	for _, m := range g.Members {
		md := MemberDescription{
			ClientID: m.ClientID, GroupInstanceID: deref(m.InstanceID), ConsumerID: m.MemberID, Host: m.ClientHost,
			Assignment: MemberAssignment{TopicPartitions: []TopicPartition{}},
		}
		var as kmsg.ConsumerMemberAssignment
		if len(m.MemberAssignment) > 0 && as.ReadFrom(m.MemberAssignment) == nil {
			for _, t := range as.Topics {
				for _, p := range t.Partitions {
					md.Assignment.TopicPartitions = append(md.Assignment.TopicPartitions, TopicPartition{Topic: &t.Topic, Partition: p, Offset: OffsetInvalid})
				}
			}
		}
		d.Members = append(d.Members, md)
	}
	return d
}

// nodeOf is a coordinator: without its rack, as in the peer.
func nodeOf(b kgo.BrokerMetadata) Node {
	return Node{ID: int(b.NodeID), Host: b.Host, Port: int(b.Port)}
}

// ConsumerGroupResult says what happened to one group.
type ConsumerGroupResult struct {
	Group string
	Error Error
}

// String returns the group, with the error's text in brackets behind it where there is one.
func (g ConsumerGroupResult) String() string {
	if g.Error.code == ErrNoError {
		return g.Group
	}
	return fmt.Sprintf("%s (%s)", g.Group, g.Error.str)
}

// DeleteConsumerGroupsResult is what DeleteConsumerGroups returns, in the order of the request.
type DeleteConsumerGroupsResult struct {
	ConsumerGroupResults []ConsumerGroupResult
}

// DeleteConsumerGroups deletes groups that have no members, with their offsets. See [AdminClient] for how calls wait;
// a group that got no answer in time has ErrTimedOut as its Error. ErrInvalidArg: an empty list, a group given twice.
func (a *AdminClient) DeleteConsumerGroups(ctx context.Context, groups []string, options ...DeleteConsumerGroupsAdminOption) (result DeleteConsumerGroupsResult, err error) {
	call, err := begin(ctx, a, waitBroker, options)
	if err != nil {
		return result, err
	}
	defer call.cancel()
	if len(groups) == 0 {
		return result, newErrorf(ErrInvalidArg, "No groups to delete")
	}
	if len(distinct(groups)) != len(groups) {
		return result, newErrorf(ErrInvalidArg, "Duplicate groups not allowed")
	}
	req := kmsg.NewPtrDeleteGroupsRequest()
	req.Groups = groups
	errs := map[string]Error{}
	for _, s := range call.client.ask(call.ctx, req) {
		if s.Err != nil {
			for _, g := range s.Req.(*kmsg.DeleteGroupsRequest).Groups {
				errs[g] = call.itemFail(s.Err)
			}
			continue
		}
		for _, g := range s.Resp.(*kmsg.DeleteGroupsResponse).Groups {
			errs[g.Group] = itemError(g.ErrorCode, nil)
		}
	}
	if call.app.Err() != nil {
		return result, call.app.Err()
	}
	for _, g := range groups {
		e, ok := errs[g]
		if !ok {
			e = missing("group", g)
		}
		result.ConsumerGroupResults = append(result.ConsumerGroupResults, ConsumerGroupResult{Group: g, Error: e})
	}
	return result, nil
}
