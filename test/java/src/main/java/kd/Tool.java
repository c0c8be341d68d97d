package kd;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewPartitionReassignment;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;

/**
 * The tests' eyes and hands on a cluster, through Kafka's own client: never through the client under test.
 * One JSON object a line on standard input ({id, command, …}), one answer a line on standard output ({id, ok} or {id, error}). Ends with its input.
 */
public final class Tool {
  interface Command {
    ObjectNode run(Tool tool, JsonNode request) throws Exception;
  }

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int THREADS_MAX = 4;
  private final Map<String, String> defaults = new HashMap<>();
  private final Map<String, Command> commands = new HashMap<>();
  private final Map<Properties, Admin> admins = new HashMap<>();

  private Tool(String bootstrapServers) {
    defaults.put("bootstrap.servers", bootstrapServers);
    commands.putAll(Producing.commands());
    commands.putAll(Verifying.commands());
    commands.putAll(Digest.commands());
    commands.putAll(Acls.commands());
    commands.put("create-topics", Tool::createTopics);
    commands.put("delete-topics", Tool::deleteTopics);
    commands.put("delete-groups", Tool::deleteGroups);
    commands.put("end-transaction", Producing::endTransaction);
    commands.put("create-partitions", Tool::createPartitions);
    commands.put("reassign", Tool::reassign);
    commands.put("alter-configs", Tool::alterConfigs);
    commands.put("committed", Tool::committed);
    commands.put("commit", Tool::commit);
    commands.put("offsets", Tool::offsets);
    commands.put("delete-records", Tool::deleteRecords);
    commands.put("group", Tool::group);
    commands.put("cluster", Tool::cluster);
  }

  public static void main(String[] args) throws Exception {
    PrintStream out = new PrintStream(new java.io.FileOutputStream(java.io.FileDescriptor.out), true, StandardCharsets.UTF_8);
    System.setOut(System.err);
    Tool tool = new Tool(args[0]);
    ExecutorService threads = Executors.newFixedThreadPool(THREADS_MAX);
    try (BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        String request = line;
        threads.execute(() -> out.println(tool.answer(request)));
      }
    }
    Runtime.getRuntime().halt(0);
  }

  private String answer(String line) {
    ObjectNode answer = JSON.createObjectNode();
    try {
      JsonNode request = JSON.readTree(line);
      answer.set("id", request.path("id"));
      Command command = commands.get(request.path("command").asText());
      if (command == null) throw new IllegalArgumentException("unknown command " + request.path("command"));
      answer.set("ok", command.run(this, request));
    } catch (Throwable e) {
      Throwable cause = e instanceof ExecutionException && e.getCause() != null ? e.getCause() : e;
      answer.put("error", cause.getClass().getSimpleName() + ": " + cause.getMessage());
    }
    return answer.toString();
  }

  /** The cluster's address and, above it, what the request says under `properties`. */
  Properties clientProperties(JsonNode request) {
    Properties p = new Properties();
    p.putAll(defaults);
    request.path("properties").properties().forEach(e -> p.put(e.getKey(), e.getValue().asText()));
    return p;
  }

  synchronized Admin admin(JsonNode request) {
    Properties p = clientProperties(request);
    p.putIfAbsent("retry.backoff.ms", "20");
    p.putIfAbsent("metadata.max.age.ms", "2000");
    p.putIfAbsent("default.api.timeout.ms", "30000");
    return admins.computeIfAbsent(p, Admin::create);
  }

  private static List<String> texts(JsonNode list) {
    List<String> texts = new ArrayList<>();
    list.forEach(n -> texts.add(n.asText()));
    return texts;
  }

  /** {topics: [{name, partitions, replicationFactor, configs}]}: returns when every partition has a leader and all its replicas in sync. */
  private static ObjectNode createTopics(Tool tool, JsonNode request) throws Exception {
    Admin admin = tool.admin(request);
    List<NewTopic> topics = new ArrayList<>();
    for (JsonNode t : request.path("topics")) {
      NewTopic topic = new NewTopic(t.path("name").asText(), t.path("partitions").asInt(1), (short) t.path("replicationFactor").asInt(1));
      Map<String, String> configs = new HashMap<>();
      t.path("configs").properties().forEach(e -> configs.put(e.getKey(), e.getValue().asText()));
      topics.add(topic.configs(configs));
    }
    admin.createTopics(topics).all().get();
    List<String> names = topics.stream().map(NewTopic::name).toList();
    for (int tries = 0; tries < 500; tries++) {
      if (settled(admin, names) && led(admin, topics)) {
        return JSON.createObjectNode().put("topics", names.size());
      }
      Thread.sleep(20);
    }
    throw new IllegalStateException("created, but without leaders after 10 s: " + names);
  }

  private static boolean settled(Admin admin, List<String> names) throws InterruptedException {
    try {
      return admin.describeTopics(names).allTopicNames().get().values().stream().flatMap(d -> d.partitions().stream())
          .allMatch(p -> p.leader() != null && !p.leader().isEmpty() && p.isr().size() == p.replicas().size());
    } catch (ExecutionException e) {
      // A broker that has not heard of the topic yet.
      return false;
    }
  }

  /**
   * Metadata may name a leader before it has taken over. A producer that sends in between gets NOT_LEADER with several
   * batches in flight, and Kafka's own producer then repeats one sequence number forever. Only a leader answers for its
   * end offset. With several brokers, one may describe the topic before the next one knows it.
   */
  private static boolean led(Admin admin, List<NewTopic> topics) throws Exception {
    Map<TopicPartition, OffsetSpec> asked = new HashMap<>();
    for (NewTopic topic : topics) {
      for (int p = 0; p < topic.numPartitions(); p++) asked.put(new TopicPartition(topic.name(), p), OffsetSpec.latest());
    }
    try {
      admin.listOffsets(asked).all().get();
      return true;
    } catch (ExecutionException e) {
      if (e.getCause() instanceof org.apache.kafka.common.errors.RetriableException) return false;
      throw e;
    }
  }

  private static ObjectNode createPartitions(Tool tool, JsonNode request) throws Exception {
    tool.admin(request)
        .createPartitions(
            Map.of(request.path("topic").asText(), NewPartitions.increaseTo(request.path("count").asInt())))
        .all()
        .get();
    return JSON.createObjectNode();
  }

  /** {topic, partition, replicas}: returns when the partition has moved. */
  private static ObjectNode reassign(Tool tool, JsonNode request) throws Exception {
    List<Integer> replicas = new ArrayList<>();
    request.path("replicas").forEach(id -> replicas.add(id.asInt()));
    TopicPartition partition = new TopicPartition(request.path("topic").asText(), request.path("partition").asInt());
    Admin admin = tool.admin(request);
    admin.alterPartitionReassignments(Map.of(partition, Optional.of(new NewPartitionReassignment(replicas)))).all().get();
    for (int tries = 0; tries < 500; tries++) {
      if (admin.listPartitionReassignments(java.util.Set.of(partition)).reassignments().get().isEmpty()) return JSON.createObjectNode();
      Thread.sleep(20);
    }
    throw new IllegalStateException("not moved within 10 s: " + partition);
  }

  private static ObjectNode deleteTopics(Tool tool, JsonNode request) throws Exception {
    tool.admin(request).deleteTopics(texts(request.path("topics"))).all().get();
    return JSON.createObjectNode();
  }

  private static ObjectNode deleteGroups(Tool tool, JsonNode request) throws Exception {
    tool.admin(request).deleteConsumerGroups(texts(request.path("groups"))).all().get();
    return JSON.createObjectNode();
  }

  /** {topic | broker, configs}; a null value takes the setting back. */
  private static ObjectNode alterConfigs(Tool tool, JsonNode request) throws Exception {
    ConfigResource resource = request.has("topic") ? new ConfigResource(ConfigResource.Type.TOPIC, request.get("topic").asText())
        : new ConfigResource(ConfigResource.Type.BROKER, request.path("broker").asText());
    List<AlterConfigOp> ops = new ArrayList<>();
    request.path("configs").properties().forEach(e -> ops.add(new AlterConfigOp(new ConfigEntry(e.getKey(), e.getValue().asText(null)),
        e.getValue().isNull() ? AlterConfigOp.OpType.DELETE : AlterConfigOp.OpType.SET)));
    tool.admin(request).incrementalAlterConfigs(Map.of(resource, ops)).all().get();
    return JSON.createObjectNode();
  }

  private static ArrayNode offsetList(ObjectNode o, Map<TopicPartition, Long> offsets) {
    ArrayNode list = o.putArray("offsets");
    offsets.entrySet().stream().sorted(java.util.Comparator.comparing((Map.Entry<TopicPartition, Long> e) -> e.getKey().topic()).thenComparing(e -> e.getKey().partition()))
        .forEach(e -> list.addObject().put("topic", e.getKey().topic()).put("partition", e.getKey().partition()).put("offset", e.getValue()));
    return list;
  }

  /** {group}: committed offsets, with their metadata. */
  private static ObjectNode committed(Tool tool, JsonNode request) throws Exception {
    Map<TopicPartition, Long> offsets = new HashMap<>();
    Map<TopicPartition, String> metadata = new HashMap<>();
    tool.admin(request).listConsumerGroupOffsets(request.path("group").asText()).partitionsToOffsetAndMetadata().get()
        .forEach((p, o) -> Optional.ofNullable(o).ifPresent(v -> {
          offsets.put(p, v.offset());
          metadata.put(p, v.metadata());
        }));
    ObjectNode o = JSON.createObjectNode();
    for (JsonNode n : offsetList(o, offsets))
      ((ObjectNode) n).put("metadata", metadata.get(new TopicPartition(n.path("topic").asText(), n.path("partition").asInt())));
    return o;
  }

  /** {group, offsets: [{topic, partition, offset, metadata?}]}: sets them; the group must be empty. */
  private static ObjectNode commit(Tool tool, JsonNode request) throws Exception {
    Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
    for (JsonNode n : request.path("offsets")) offsets.put(new TopicPartition(n.path("topic").asText(), n.path("partition").asInt()), new OffsetAndMetadata(n.path("offset").asLong(), n.path("metadata").asText("")));
    tool.admin(request).alterConsumerGroupOffsets(request.path("group").asText(), offsets).all().get();
    return JSON.createObjectNode();
  }

  /** {topics, at: earliest | latest, isolation?}. */
  private static ObjectNode offsets(Tool tool, JsonNode request) throws Exception {
    Admin admin = tool.admin(request);
    OffsetSpec spec = request.path("at").asText("latest").equals("earliest") ? OffsetSpec.earliest() : OffsetSpec.latest();
    Map<TopicPartition, OffsetSpec> wanted = new HashMap<>();
    admin.describeTopics(texts(request.path("topics"))).allTopicNames().get()
        .forEach((name, d) -> d.partitions().forEach(p -> wanted.put(new TopicPartition(name, p.partition()), spec)));
    IsolationLevel isolation = request.path("isolation").asText("read_committed").equals("read_committed") ? IsolationLevel.READ_COMMITTED : IsolationLevel.READ_UNCOMMITTED;
    Map<TopicPartition, Long> found = new HashMap<>();
    admin.listOffsets(wanted, new org.apache.kafka.clients.admin.ListOffsetsOptions(isolation)).all().get().forEach((p, i) -> found.put(p, i.offset()));
    ObjectNode o = JSON.createObjectNode();
    offsetList(o, found);
    return o;
  }

  /** {topic, before: {partition: offset}}. */
  private static ObjectNode deleteRecords(Tool tool, JsonNode request) throws Exception {
    Map<TopicPartition, RecordsToDelete> before = new HashMap<>();
    request.path("before").properties().forEach(
        e -> before.put(new TopicPartition(request.path("topic").asText(), Integer.parseInt(e.getKey())), RecordsToDelete.beforeOffset(e.getValue().asLong())));
    tool.admin(request).deleteRecords(before).all().get();
    return JSON.createObjectNode();
  }

  /** {group}: state and members with their partitions. */
  private static ObjectNode group(Tool tool, JsonNode request) throws Exception {
    String name = request.path("group").asText();
    var d = tool.admin(request).describeConsumerGroups(List.of(name)).all().get().get(name);
    ObjectNode o = JSON.createObjectNode().put("state", d.groupState().toString());
    ArrayNode members = o.putArray("members");
    d.members().forEach(m -> {
      ArrayNode partitions = members.addObject().put("memberId", m.consumerId()).put("clientId", m.clientId()).put("instanceId", m.groupInstanceId().orElse(null)).putArray("partitions");
      m.assignment().topicPartitions().forEach(p -> partitions.add(p.topic() + "/" + p.partition()));
    });
    return o;
  }

  /** How many brokers answer. */
  private static ObjectNode cluster(Tool tool, JsonNode request) throws Exception {
    return JSON.createObjectNode().put("brokers", tool.admin(request).describeCluster().nodes().get().size());
  }
}
