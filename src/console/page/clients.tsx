/** Clients: who is connected and does what; any can be disconnected. */
import { useState } from "preact/hooks";
import { asText } from "../model/bytes.ts";
import { type Client, parseClients } from "../model/client-list.ts";
import { bytes, span, whole } from "../model/figures.ts";
import { command } from "./api.ts";
import { confirmThen } from "./dialog.tsx";
import { tell, tellFailure } from "./notices.tsx";
import { Columns, Empty, Failure, Filter, Head, Scroll, Shown } from "./parts.tsx";
import { useLoaded } from "./polling.ts";

const EVERY_MS = 2_000;
const SHOWN_MAX = 500;

async function clientList(): Promise<Client[]> {
  return parseClients(asText(await command("CLIENT", "LIST")));
}

export function Clients() {
  const { value: clients, error, reload } = useLoaded("clients", clientList, EVERY_MS);
  const [filter, setFilter] = useState("");
  const wanted = filter.toLowerCase();
  const shown = (clients ?? []).filter((client) =>
    [client.id, client.addr, client.name, client.user, client.cmd, client["lib-name"]].some((text) =>
      text?.toLowerCase().includes(wanted),
    ),
  );
  const kill = (client: Client): void =>
    confirmThen({
      title: "Disconnect this client?",
      text: (
        <>
          Client {client.id}, <Shown value={client.addr ?? "?"} />. It may connect again.
        </>
      ),
      action: "Disconnect",
      run: async () => {
        const count = await command("CLIENT", "KILL", "ID", client.id ?? "");
        tell(count === 0 ? "The client had left already" : "Disconnected");
        await reload().catch(tellFailure);
      },
    });
  return (
    <>
      <Head
        title="Clients"
        note={clients === null ? undefined : `${whole(clients.length)} connected, read every two seconds`}
      />
      {error !== null && <Failure text={error} onRetry={reload} />}
      <div class="tools">
        <Filter label="Address, name, user or command" value={filter} onInput={setFilter} />
      </div>
      <div class="panel">
        {clients === null ? (
          <p class="panel-body soft">{error === null ? "Reading …" : "Nothing to show."}</p>
        ) : shown.length === 0 ? (
          <Empty title={clients.length === 0 ? "Nobody is connected" : "No client matches"} icon="clients" />
        ) : (
          <Scroll label="Clients">
            <table class="cards">
              <Columns
                names={[
                  "ID",
                  "Address",
                  "Name",
                  "User",
                  { number: "Age" },
                  { number: "Idle" },
                  "Last command",
                  { number: "db" },
                  { number: "Memory" },
                  { hidden: "Actions" },
                ]}
              />
              <tbody>
                {shown.slice(0, SHOWN_MAX).map((client) => (
                  <tr key={client.id}>
                    <th scope="row" data-column="ID">
                      {client.id}
                    </th>
                    <td class="mono" data-column="Address">
                      {client.addr}
                    </td>
                    <td data-column="Name">
                      <Shown value={client.name || client["lib-name"] || "–"} />
                    </td>
                    <td data-column="User">{client.user}</td>
                    <td class="number" data-column="Age">
                      {span(Number(client.age))}
                    </td>
                    <td class="number" data-column="Idle">
                      {span(Number(client.idle))}
                    </td>
                    <td class="mono" data-column="Last command">
                      {client.cmd?.replace("|", " ")}
                    </td>
                    <td class="number" data-column="db">
                      {client.db}
                    </td>
                    <td class="number" data-column="Memory">
                      {bytes(Number(client["tot-mem"] ?? 0))}
                    </td>
                    <td class="row-actions">
                      <button
                        type="button"
                        class="small danger"
                        aria-label={`Disconnect client ${client.id}`}
                        onClick={() => kill(client)}
                      >
                        Disconnect
                      </button>
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </Scroll>
        )}
        {shown.length > SHOWN_MAX && (
          <p class="panel-body soft">{whole(shown.length - SHOWN_MAX)} more are not drawn: narrow them above.</p>
        )}
      </div>
    </>
  );
}
