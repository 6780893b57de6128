package zitadel

import (
	"bytes"
	"cmp"

	"github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/management"
	metadatav1 "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/metadata"
	objectv1 "github.com/zitadel/zitadel-go/v3/pkg/client/zitadel/object"
	"google.golang.org/protobuf/proto"

	"github.com/understudy-dev/understudy/internal/kernel"
)

// metadata is a value that clients keep at a user or an organization.
type metadata struct {
	stamp
	OwnerID, Key string
	Value        []byte
}

func (m metadata) key() string { return m.OwnerID + "/" + m.Key }

func (m metadata) message(orgID string) *metadatav1.Metadata {
	return &metadatav1.Metadata{Details: m.details(orgID), Key: m.Key, Value: m.Value}
}

// setMetadata stores a value. At a user, the same again is no event. In is the
// request, whose bounds of bytes no document can say.
func (p *Provider) setMetadata(c *kernel.Call, in proto.Message, owner, key string, value []byte) (metadata, error) {
	if broken := validate(in.ProtoReflect()); broken != "" {
		return metadata{}, refuse(invalidArgument, "", broken).Because("against the descriptors: %s", broken)
	}
	m := metadata{OwnerID: owner, Key: key}
	known, _ := p.metadata.Get(c.Tx, m.key())
	if _, isUser := p.users.Get(c.Tx, owner); isUser && bytes.Equal(known.Value, value) {
		return known, nil
	}
	m.stamp, m.Value = known.stamp, value
	m.touch(m.Sequence+1, c.Now)
	p.metadata.Put(c.Tx, m.key(), m)
	return m, nil
}

// sentMetadata is a value as requests of version 2 have it.
type sentMetadata interface {
	proto.Message
	GetKey() string
	GetValue() []byte
}

// setAll stores values.
func setAll[M sentMetadata](p *Provider, c *kernel.Call, owner string, sent []M) error {
	for _, m := range sent {
		if _, err := p.setMetadata(c, m, owner, m.GetKey(), m.GetValue()); err != nil {
			return err
		}
	}
	return nil
}

// hasMetadata reports whether an owner has a value that fits.
func (p *Provider) hasMetadata(c *kernel.Call, owner string, fits func(metadata) bool) bool {
	for _, m := range p.metadataBy.All(c.Tx, owner) {
		if fits(m) {
			return true
		}
	}
	return false
}

// A metadataOwner has values: a user, or the organization that the call works in.
type metadataOwner struct {
	id, missing      string // why there is none
	noRead, noRemove string // the ids of the refusals of a value that there is not
}

// ownerOf says whose values a request is about.
func (p *Provider) ownerOf(c *kernel.Call, in proto.Message) metadataOwner {
	named, ok := in.(interface{ GetId() string })
	if !ok {
		return metadataOwner{orgOf(c), "", "QUERY-Rph32", "META-mcnw3"}
	}
	_, why := p.user(c, named.GetId())
	return metadataOwner{named.GetId(), why, "QUERY-Rgh32", "META-ncnw3"}
}

// there refuses an owner that there is not.
func (o metadataOwner) there() error {
	if o.missing == "" {
		return nil
	}
	return refuse(failedPrecondition, "COMMAND-uXHNj", userNotFound).Because("%s", o.missing)
}

// value returns a value, or refuses with an id when there is none.
func (p *Provider) value(c *kernel.Call, o metadataOwner, key, id string) (metadata, error) {
	m, ok := p.metadata.Get(c.Tx, metadata{OwnerID: o.id, Key: key}.key())
	if !ok || o.missing != "" {
		return m, refuse(notFound, id, metadataNotFound).Because("%s has no metadata %q", o.id, key)
	}
	return m, nil
}

// The requests about metadata, of users and organizations.
type (
	keyRequest interface {
		proto.Message
		GetKey() string
	}
	metadataRequest interface {
		proto.Message
		GetQuery() *objectv1.ListQuery
		GetQueries() []*metadatav1.MetadataQuery
	}
)

// Users and organizations have the same four methods. Their messages differ in name
// alone.

// setValue stores a value at a user or the organization.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.SetUserMetadata
func setValue[In sentMetadata, Out any, POut messageOf[Out]](p *Provider) func(*kernel.Call, In) (POut, error) {
	return func(c *kernel.Call, in In) (POut, error) {
		o := p.ownerOf(c, in)
		if err := o.there(); err != nil {
			return nil, err
		}
		m, err := p.setMetadata(c, in, o.id, in.GetKey(), in.GetValue())
		details := &objectv1.ObjectDetails{Sequence: m.Sequence, CreationDate: moment(m.Changed), ResourceOwner: orgOf(c)}
		return translate(POut(new(Out)), &management.SetOrgMetadataResponse{Details: details}), err
	}
}

// getValue returns a value of a user or the organization.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.GetUserMetadata
func getValue[In keyRequest, Out any, POut messageOf[Out]](p *Provider) func(*kernel.Call, In) (POut, error) {
	return func(c *kernel.Call, in In) (POut, error) {
		o := p.ownerOf(c, in)
		m, err := p.value(c, o, in.GetKey(), o.noRead)
		return translate(POut(new(Out)), &management.GetOrgMetadataResponse{Metadata: m.message(orgOf(c))}), err
	}
}

// removeValue takes a value of a user or the organization away.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.RemoveUserMetadata
func removeValue[In keyRequest, Out any, POut messageOf[Out]](p *Provider) func(*kernel.Call, In) (POut, error) {
	return func(c *kernel.Call, in In) (POut, error) {
		o := p.ownerOf(c, in)
		m, err := p.value(c, o, in.GetKey(), o.noRemove)
		p.metadata.Delete(c.Tx, m.key())
		details := changed(c, m.Sequence+1, orgOf(c))
		return translate(POut(new(Out)), &management.RemoveOrgMetadataResponse{Details: details}), cmp.Or(o.there(), err)
	}
}

// listValues searches the values of a user or the organization. A user that does
// not exist has none.
// https://zitadel.com/docs/reference/api/management/zitadel.management.v1.ManagementService.ListUserMetadata
func listValues[In metadataRequest, Out any, POut messageOf[Out]](p *Provider) func(*kernel.Call, In) (POut, error) {
	return func(c *kernel.Call, in In) (POut, error) {
		page := newPage[*metadatav1.Metadata](in.GetQuery())
		holds := func(m metadata, q *metadatav1.MetadataQuery) bool {
			return q.GetKeyQuery() == nil || matches(m.Key, q.GetKeyQuery().Key, q.GetKeyQuery().Method)
		}
		o := p.ownerOf(c, in)
		for _, m := range p.metadataBy.All(c.Tx, o.id) {
			if o.missing == "" && all(in.GetQueries(), m, holds) {
				page.processed(m.Sequence)
				page.add(m.message(orgOf(c)))
			}
		}
		return translate(POut(new(Out)), &management.ListOrgMetadataResponse{Details: page.details(c), Result: page.rows}), page.err
	}
}
