package fraud.bench;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonProperty;

/** An account as it is on the wire. What the JSON leaves out is null. */
@JsonIgnoreProperties(ignoreUnknown = true)
record BankAccount(
    @JsonProperty("FirstName") String firstName,
    @JsonProperty("LastName") String lastName,
    @JsonProperty("CreditCardNumber") String creditCardNumber,
    @JsonProperty("Amount") Double amount) {

  boolean isComplete() {
    return firstName != null && lastName != null && creditCardNumber != null && amount != null;
  }
}
