-- fragment: operation_ids
operation_key

-- fragment: handle_end
namespace = any (:namespaces::text[]) and right(id, :length::int) = any (:ends::text[])
