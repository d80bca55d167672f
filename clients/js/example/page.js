// A page that does something with memory: it holds a token for the one operation, and no key.

const { memory } = await (await fetch("settings")).json();
const { configure, captureErrors, executeWithMemory, fetchMemoryContext, storeActionResult } = await import(
  `${memory}/client/brainops.js`
);
const show = (id, text) => (document.getElementById(id).textContent = text);

configure({
  url: memory,
  key: async () => {
    const answer = await fetch("memory-token", { method: "POST" });
    if (!answer.ok) throw new Error(`no token: ${answer.status}`);
    return answer.text();
  },
});
captureErrors({ service: "shop-web" });

function said({ guidance, down }) {
  if (!guidance) return `nothing, for it is away: ${down?.message}`;
  const known = [guidance.primary_recommendation, ...guidance.known_errors, ...guidance.insights].filter(Boolean);
  return known.map(({ name, text }) => `${name}: ${text}`).join("\n") || "nothing is known of it";
}

async function pay() {
  return { orders: 1 };
}

document.getElementById("pay").onclick = async () => {
  const memoryContext = await fetchMemoryContext("checkout", { target: "shop" });
  show("guidance", said(memoryContext));
  const result = await executeWithMemory(pay, memoryContext);
  await storeActionResult(pay, result);
  show("outcome", memoryContext.id && !memoryContext.untold ? "paid, and remembered" : "paid; memory does not know it");
};
document.getElementById("break").onclick = () => {
  throw new RangeError("the cart of this page is empty");
};
document.getElementById("reject").onclick = () => {
  Promise.reject(new TypeError("the quote of this page is no number"));
};
show("outcome", "ready");
