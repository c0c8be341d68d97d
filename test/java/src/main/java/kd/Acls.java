package kd;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ScramCredentialInfo;
import org.apache.kafka.clients.admin.ScramMechanism;
import org.apache.kafka.clients.admin.UserScramCredentialUpsertion;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclBindingFilter;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;

/** Rights of users, on brokers with an authorizer; and their passwords. */
final class Acls {
  static Map<String, Tool.Command> commands() {
    return Map.of("grant", Acls::grant, "revoke", Acls::revoke, "set-password", Acls::setPassword);
  }

  /** {user, rights: [{resource: topic | group | transactional_id | cluster, name, operations: [READ, …]}]}. */
  private static ObjectNode grant(Tool tool, JsonNode request) throws Exception {
    Admin admin = tool.admin(request);
    List<AclBinding> bindings = bindings(request);
    admin.createAcls(bindings).all().get();
    // The authorizer hears of it through the metadata log: back as soon as the broker lists it.
    for (int tries = 0; tries < 500; tries++) {
      if (admin.describeAcls(AclBindingFilter.ANY).values().get().containsAll(bindings)) return new ObjectMapper().createObjectNode();
      Thread.sleep(10);
    }
    throw new IllegalStateException("rights are not in force after 5 s");
  }

  private static ObjectNode revoke(Tool tool, JsonNode request) throws Exception {
    tool.admin(request).deleteAcls(bindings(request).stream().map(AclBinding::toFilter).toList()).all().get();
    return new ObjectMapper().createObjectNode();
  }

  /** {user, password}: for SCRAM-SHA-512. */
  private static ObjectNode setPassword(Tool tool, JsonNode request) throws Exception {
    ScramCredentialInfo info = new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096);
    tool.admin(request).alterUserScramCredentials(List.of(
        new UserScramCredentialUpsertion(request.path("user").asText(), info, request.path("password").asText()))).all().get();
    return new ObjectMapper().createObjectNode();
  }

  private static List<AclBinding> bindings(JsonNode request) {
    List<AclBinding> bindings = new ArrayList<>();
    for (JsonNode right : request.path("rights")) {
      ResourceType type = ResourceType.fromString(right.path("resource").asText());
      ResourcePattern pattern = new ResourcePattern(type, right.path("name").asText(), PatternType.LITERAL);
      for (JsonNode operation : right.path("operations")) {
        bindings.add(new AclBinding(pattern, new AccessControlEntry(
            "User:" + request.path("user").asText(), "*", AclOperation.fromString(operation.asText()), AclPermissionType.ALLOW)));
      }
    }
    return bindings;
  }
}
