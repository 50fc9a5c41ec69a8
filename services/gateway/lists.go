package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// marshal is JSON as the command line prints it: the names of the proto,
// nothing left out.
var marshal = protojson.MarshalOptions{UseProtoNames: true, EmitUnpopulated: true}

// marshaler writes answers, those that are JSON already as they are.
type marshaler struct{ *runtime.JSONPb }

// Marshal writes one answer.
func (m marshaler) Marshal(v any) ([]byte, error) {
	if raw, ok := v.(json.RawMessage); ok {
		return raw, nil
	}
	return m.JSONPb.Marshal(v)
}

// asList gives every list one form, {items, next}, whatever the proto calls the
// field. Other facts of the answer stay beside them.
func asList(ctx context.Context, answer proto.Message) (any, error) {
	method, _ := runtime.RPCMethod(ctx)
	field := listed(method, answer.ProtoReflect().Descriptor())
	if field == nil {
		return answer, nil
	}
	b, err := marshal.Marshal(answer)
	if err != nil {
		return nil, fmt.Errorf("encode the list: %w", err)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(b, &fields); err != nil {
		return nil, fmt.Errorf("read the list: %w", err)
	}
	items := fields[string(field.Name())]
	delete(fields, string(field.Name()))
	fields["items"] = items
	if _, ok := fields["next"]; !ok {
		fields["next"] = json.RawMessage(strconv.Quote(after(answer.ProtoReflect().Get(field).List())))
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(fields); err != nil {
		return nil, fmt.Errorf("write the list: %w", err)
	}
	return json.RawMessage(bytes.TrimSpace(out.Bytes())), nil
}

// listed is the field of a list's items; nil if the answer is no list. The
// lifecycle feed is none: its form is that of CloudEvents on the bus.
func listed(method string, answer protoreflect.MessageDescriptor) (items protoreflect.FieldDescriptor) {
	name := method[strings.LastIndex(method, "/")+1:]
	if !strings.HasPrefix(name, "List") && !strings.HasPrefix(name, "Find") && !strings.HasPrefix(name, "Read") {
		return nil
	}
	for i := range answer.Fields().Len() {
		f := answer.Fields().Get(i)
		if !f.IsList() || f.Message() == nil || !strings.HasPrefix(string(f.Message().FullName()), "ostiary.") {
			continue
		}
		if items != nil {
			return nil
		}
		items = f
	}
	return items
}

// after is where a list goes on that counts by the positions of its events; ""
// for a list that is told as a whole.
func after(items protoreflect.List) string {
	if items.Len() == 0 {
		return ""
	}
	last := items.Get(items.Len() - 1).Message()
	if last.Descriptor().FullName() != "ostiary.runtime.v1.HistoryEvent" {
		return ""
	}
	return last.Get(last.Descriptor().Fields().ByName("position")).String()
}
