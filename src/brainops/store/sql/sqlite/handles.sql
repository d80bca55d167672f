-- fragment: operation_ids
operation

-- fragment: handle_end
namespace in (select value from json_each(:namespaces))
and substr(id, -:length) in (select value from json_each(:ends))
