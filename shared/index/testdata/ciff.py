"""Prints the CIFF file in ciff_test.go, made by Google's protobuf library.

pip install protobuf && python3 ciff.py
"""
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

F = descriptor_pb2.FieldDescriptorProto
INT32, INT64, DOUBLE, STRING, MESSAGE = F.TYPE_INT32, F.TYPE_INT64, F.TYPE_DOUBLE, F.TYPE_STRING, F.TYPE_MESSAGE
MESSAGES = {
    "Header": [("version", INT32), ("num_postings_lists", INT32), ("num_doc_records", INT32),
               ("total_postings_lists", INT32), ("total_docs", INT32), ("total_terms_in_collection", INT64),
               ("average_doclength", DOUBLE), ("description", STRING)],
    "Posting": [("docid", INT32), ("tf", INT32)],
    "PostingsList": [("term", STRING), ("df", INT64), ("cf", INT64), ("postings", MESSAGE)],
    "DocRecord": [("docid", INT32), ("collection_docid", STRING), ("doclength", INT32)],
}
file = descriptor_pb2.FileDescriptorProto(name="ciff.proto", package="ciff", syntax="proto3")
for name, fields in MESSAGES.items():
    m = file.message_type.add(name=name)
    for number, (field, kind) in enumerate(fields, 1):
        f = m.field.add(name=field, number=number, type=kind, label=F.LABEL_OPTIONAL)
        if kind == MESSAGE:
            f.label, f.type_name = F.LABEL_REPEATED, ".ciff.Posting"
pool = descriptor_pool.DescriptorPool()
pool.Add(file)
make = {n: message_factory.GetMessageClass(pool.FindMessageTypeByName("ciff." + n)) for n in MESSAGES}

# The four documents of index_test.go; a term's name is its number in words.
lists = [("eight", [(3, 96)]), ("four", [(0, 32), (1, 64), (3, 16)]), ("one", [(0, 128)])]
lengths = [0] * 4
for _, postings in lists:
    for doc, impact in postings:
        lengths[doc] += impact
out = [make["Header"](version=1, num_postings_lists=3, num_doc_records=4, total_postings_lists=3, total_docs=4,
                      total_terms_in_collection=sum(lengths), average_doclength=sum(lengths) / 4, description="golden")]
for term, postings in lists:
    l = make["PostingsList"](term=term, df=len(postings), cf=sum(i for _, i in postings))
    before = 0
    for doc, impact in postings:
        l.postings.add(docid=doc - before, tf=impact)
        before = doc
    out.append(l)
for doc, length in enumerate(lengths):
    out.append(make["DocRecord"](docid=doc, collection_docid=f"d{doc}", doclength=length))
for m in out:
    b = m.SerializeToString()
    assert len(b) < 128  # the length is a varint of one byte
    print(f"{len(b):02x} {b.hex()}")
