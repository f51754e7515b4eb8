package kafka

import (
	"context"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// ClientQuotaEntity is a part of what a quota is for: a user, a client id or an address. All of this file is an
// addition to the peer's API.
type ClientQuotaEntity struct {
	Type string  // "user", "client-id" or "ip"
	Name *string // nil is the default: for all that have no quota of their own
}

// ClientQuotaMatch says how a component of a filter is compared with entities.
type ClientQuotaMatch int

// Ways to compare.
const (
	ClientQuotaMatchExact   ClientQuotaMatch = 0 // the entity of this name
	ClientQuotaMatchDefault ClientQuotaMatch = 1 // the default
	ClientQuotaMatchAny     ClientQuotaMatch = 2 // any that has a name
)

// ClientQuotaFilterComponent picks quotas by one type of entity.
type ClientQuotaFilterComponent struct {
	EntityType string // as in ClientQuotaEntity
	Match      ClientQuotaMatch
	Name       string // for ClientQuotaMatchExact
}

// ClientQuotaFilter picks quotas: all components must fit. No components pick all. Strict leaves out quotas for types
// of entity that no component names.
type ClientQuotaFilter struct {
	Components []ClientQuotaFilterComponent
	Strict     bool
}

// ClientQuota are the limits of one entity, such as producer_byte_rate in bytes per second.
type ClientQuota struct {
	Entity []ClientQuotaEntity
	Values map[string]float64
}

// DescribeClientQuotasAdminOption is an option of DescribeClientQuotas: [SetAdminRequestTimeout].
type DescribeClientQuotasAdminOption interface {
	AdminOption
	supportsDescribeClientQuotas()
}

func (AdminOptionRequestTimeout) supportsDescribeClientQuotas() {}

// DescribeClientQuotasResult is what DescribeClientQuotas returns.
type DescribeClientQuotasResult struct {
	Quotas []ClientQuota
}

// DescribeClientQuotas finds the quotas that a filter picks. See [AdminClient] for how calls wait.
func (a *AdminClient) DescribeClientQuotas(ctx context.Context, filter ClientQuotaFilter, options ...DescribeClientQuotasAdminOption) (result DescribeClientQuotasResult, err error) {
	call, err := begin(ctx, a, waitController, options)
	if err != nil {
		return result, err
	}
	defer call.cancel()
	req := kmsg.NewPtrDescribeClientQuotasRequest()
	req.Strict = filter.Strict
	for _, c := range filter.Components {
		rc := kmsg.NewDescribeClientQuotasRequestComponent()
		rc.EntityType, rc.MatchType = c.EntityType, kmsg.QuotasMatchType(c.Match)
		if c.Match == ClientQuotaMatchExact {
			rc.Match = &c.Name
		}
		req.Components = append(req.Components, rc)
	}
	resp, err := request[*kmsg.DescribeClientQuotasResponse](call, req)
	if err != nil {
		return result, err
	}
	if resp.ErrorCode != 0 {
		return result, itemError(resp.ErrorCode, resp.ErrorMessage)
	}
	result.Quotas = []ClientQuota{}
	for _, e := range resp.Entries {
		q := ClientQuota{Values: map[string]float64{}}
		for _, n := range e.Entity {
			q.Entity = append(q.Entity, ClientQuotaEntity{Type: n.Type, Name: n.Name})
		}
		for _, v := range e.Values {
			q.Values[v.Key] = v.Value
		}
		result.Quotas = append(result.Quotas, q)
	}
	return result, nil
}

// ClientQuotaAlteration changes the limits of one entity.
type ClientQuotaAlteration struct {
	Entity []ClientQuotaEntity
	Set    map[string]float64 // limits to set, by name
	Remove []string           // limits to remove
}

// ClientQuotaResult says what happened to one entity.
type ClientQuotaResult struct {
	Entity []ClientQuotaEntity
	Error  Error
}

// AlterClientQuotasAdminOption is an option of AlterClientQuotas: [SetAdminRequestTimeout] or [SetAdminValidateOnly].
type AlterClientQuotasAdminOption interface {
	AdminOption
	supportsAlterClientQuotas()
}

func (AdminOptionRequestTimeout) supportsAlterClientQuotas() {}
func (AdminOptionValidateOnly) supportsAlterClientQuotas()   {}

// AlterClientQuotas changes quotas. The results are in the order of the request. See [AdminClient] for how calls wait.
// ErrInvalidArg: an empty list.
func (a *AdminClient) AlterClientQuotas(ctx context.Context, alterations []ClientQuotaAlteration, options ...AlterClientQuotasAdminOption) (result []ClientQuotaResult, err error) {
	call, err := begin(ctx, a, waitController, options)
	if err != nil {
		return nil, err
	}
	defer call.cancel()
	if len(alterations) == 0 {
		return nil, newErrorf(ErrInvalidArg, "No quotas to alter")
	}
	req := kmsg.NewPtrAlterClientQuotasRequest()
	req.ValidateOnly = call.validateOnly
	for _, alt := range alterations {
		re := kmsg.NewAlterClientQuotasRequestEntry()
		for _, e := range alt.Entity {
			n := kmsg.NewAlterClientQuotasRequestEntryEntity()
			n.Type, n.Name = e.Type, e.Name
			re.Entity = append(re.Entity, n)
		}
		for _, k := range sortedKeys(alt.Set) {
			op := kmsg.NewAlterClientQuotasRequestEntryOp()
			op.Key, op.Value = k, alt.Set[k]
			re.Ops = append(re.Ops, op)
		}
		for _, k := range alt.Remove {
			op := kmsg.NewAlterClientQuotasRequestEntryOp()
			op.Key, op.Remove = k, true
			re.Ops = append(re.Ops, op)
		}
		req.Entries = append(req.Entries, re)
	}
	resp, err := request[*kmsg.AlterClientQuotasResponse](call, req)
	if err != nil {
		return nil, err
	}
	// Brokers answer in an order of their own.
	found := map[string]Error{}
	for _, e := range resp.Entries {
		var entity []ClientQuotaEntity
		for _, n := range e.Entity {
			entity = append(entity, ClientQuotaEntity{Type: n.Type, Name: n.Name})
		}
		found[entityKey(entity)] = itemError(e.ErrorCode, e.ErrorMessage)
	}
	for _, alt := range alterations {
		e, ok := found[entityKey(alt.Entity)]
		if !ok {
			e = missing("quota of", entityKey(alt.Entity))
		}
		result = append(result, ClientQuotaResult{Entity: alt.Entity, Error: e})
	}
	return result, nil
}

// entityKey is an entity as a map key: brokers may give its parts in another order.
func entityKey(entity []ClientQuotaEntity) string {
	parts := map[string]string{}
	for _, e := range entity {
		parts[e.Type] = "default"
		if e.Name != nil {
			parts[e.Type] = "=" + *e.Name
		}
	}
	key := ""
	for _, t := range sortedKeys(parts) {
		key += t + parts[t] + "\x00"
	}
	return key
}
